"""Formulas as MathML, made when the book is built: they are there with the text, without a script.

`latex2mathml` translates; what it leaves to be done is done here, each step a function of the tree:
words stay whole, so that they are read out as words, and spaces are those of printed formulas.
The font is ``_static/math.woff2``, a part of STIX Two Math that holds what the formulas need.
"""

import re
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert

SPACE = "http://www.w3.org/1998/Math/MathML"
SCRIPTS = {"msub", "msup", "msubsup"}
UNDER = {"munder", "mover", "munderover"}
#: Elements whose children stand in a row.
ROWS = {"math", "mrow", "mstyle", "mtd", "msqrt"}
#: What follows the name of a function without a space.
TIGHT = {"(", "[", "/", ")", ",", "."}
#: What `latex2mathml` doesn't know, in words that it does.
KNOWN = {
    r"\begin{aligned}": r"\begin{split}",
    r"\end{aligned}": r"\end{split}",
    r"\begin{gathered}": r"\begin{matrix}",
    r"\end{gathered}": r"\end{matrix}",
    r"\lVert": "‖",
    r"\rVert": "‖",
}


def mathml(tex, block=False):
    r"""Translate a formula.

    Parameters
    ----------
    tex : str
        A formula in TeX, without dollars.
    block : bool
        Whether it stands on a line of its own.

    Returns
    -------
    str
        A ``<math>`` element. Its TeX is in the attribute ``alttext``.

    Raises
    ------
    ValueError
        If there is a command in it that isn't understood.

    Examples
    --------
    >>> mathml("x")
    '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline" alttext="x"><mrow><mi>x</mi></mrow></math>'
    >>> mathml(r"\nonsense x")
    Traceback (most recent call last):
    ValueError: a formula has \nonsense, which can't be shown: \nonsense x
    """  # noqa: E501
    known = tex.strip()
    for name, better in KNOWN.items():
        known = known.replace(name, better)
    if re.search(r"(?<!\\)&|\\\\", known) and r"\begin" not in known:
        known = rf"\begin{{split}}{known}\end{{split}}"
    root = ElementTree.fromstring(convert(known, display="block" if block else "inline"))
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SPACE}}}")
    if unknown := [text for text in root.itertext() if text.startswith("\\")]:
        raise ValueError(f"a formula has {unknown[0]}, which can't be shown: {tex}")
    for step in STEPS:
        step(root)
    root.attrib = {"xmlns": SPACE, **root.attrib, "alttext": " ".join(tex.split())}
    return ElementTree.tostring(root, encoding="unicode")


def join_words(root):
    r"""Make one identifier of the letters of ``\mathrm{softmax}``, and one of ``\max``."""
    for parent in root.iter():
        letters = [child.get("mathvariant") == "normal" for child in parent]
        spaces = [child.tag == "mtext" for child in parent]
        if len(letters) > 1 and any(letters) and all(map(max, letters, spaces)):
            word = "".join(child.text for child in parent)
            parent.clear()
            parent.tag, parent.text = "mi", word
        if parent.tag == "mo" and re.fullmatch("[a-z]{2,}|∞", parent.text or ""):
            parent.tag, parent.attrib = "mi", {}


def shorten_bars(root):
    r"""Let the bars of a norm be as high as a letter, unless ``\Bigl`` makes them higher."""
    for bar in root.iter("mo"):
        if bar.text == "‖" and "minsize" not in bar.attrib:
            bar.set("stretchy", "false")


def close_up(root):
    """Leave no space around a slash."""
    for slash in root.iter("mo"):
        if slash.text == "/":
            slash.attrib.update(lspace="0", rspace="0")


def close_up_scripts(root):
    """Leave no space around the signs of an index or an exponent."""
    for parent in root.iter():
        if parent.tag in SCRIPTS | UNDER:
            for script in list(parent)[1:]:
                for sign in script.iter("mo"):
                    sign.attrib.update(lspace="0", rspace="0")


def lower_primes(root):
    """Put primes where an exponent would stand; their glyph is high already."""
    for parent in root.iter():
        for place, sign in enumerate(parent):
            if sign.tag == "mo" and sign.text == "′":
                sign.attrib.update(lspace="0", rspace="0")
                sign.set("class", "prime")
                lowered = ElementTree.Element("mpadded", voffset="-0.28em", height="0.3em")
                lowered.append(sign)
                parent[place] = lowered


def fill_styles(root):
    r"""Let ``\textstyle`` hold for all that follows it in its cell."""
    for parent in root.iter():
        for place, style in enumerate(parent):
            if style.tag == "mstyle" and not len(style):
                rest = list(parent)[place + 1 :]
                style.extend(rest)
                for element in rest:
                    parent.remove(element)
                break


def space_functions(root):
    """Put thin spaces around the name of a function, as in 2 log x."""
    for parent in [element for element in root.iter() if element.tag in ROWS]:
        for place, child in reversed(list(enumerate(parent))):
            name = child[0] if child.tag in SCRIPTS else child
            if name.tag != "mi" or len(name.text or "") < 2:
                continue
            if any(map(takes_space_before, parent[place + 1 : place + 2])):
                parent.insert(place + 1, ElementTree.Element("mspace", width="0.17em"))
            if place and takes_space_after(parent[place - 1]):
                parent.insert(place, ElementTree.Element("mspace", width="0.17em"))


def takes_space_before(element):
    """Tell whether there is a space between a function's name and this."""
    return element.tag != "mspace" and element.text not in TIGHT


def takes_space_after(element):
    """Tell whether there is a space between this and a function's name."""
    return element.tag not in ("mspace", "mo") or element.text == ")"


STEPS = (
    join_words,
    shorten_bars,
    close_up,
    close_up_scripts,
    lower_primes,
    fill_styles,
    space_functions,
)


def visit_inline(self, node):
    """Write a formula within a line."""
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def visit_block(self, node):
    """Write a formula on a line of its own."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(f"{mathml(node.astext(), block=True)}</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Make it the way in which Sphinx shows formulas, where `html_math_renderer` says so."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
