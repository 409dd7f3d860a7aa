r"""Citations in notebooks are plain links, so that JupyterLab and Binder show who wrote what.

A notebook says ``[Gage (1994)](references.md#gage1994)`` or, in brackets, ``([Gage,
1994](references.md#gage1994); [Sennrich et al., 2016](references.md#sennrich2016))``. For the book
these become the roles of `sphinxcontrib.bibtex`, which lead to the entry on the page of references.
"""

import re

LINK = r"\[[^][]+\]\(references\.md#(\w+)\)"
IN_BRACKETS = re.compile(rf"\({LINK}(?:; {LINK})*\)")
ALONE = re.compile(LINK)


def with_roles(text):
    """Return the source of a notebook with roles for its citations.

    Examples
    --------
    >>> with_roles("[Gage (1994)](references.md#gage1994) wrote it.")
    '{cite:t}`gage1994` wrote it.'
    >>> with_roles("It is old ([Gage, 1994](references.md#gage1994); [B, 2](references.md#b)).")
    'It is old {cite}`gage1994,b`.'
    """

    def in_brackets(found):
        return f"{{cite}}`{','.join(ALONE.findall(found[0]))}`"

    return ALONE.sub(r"{cite:t}`\1`", IN_BRACKETS.sub(in_brackets, text))


def read(app, name, source):
    """Put roles into what Sphinx has read, if it is a notebook."""
    if app.env.doc2path(name).endswith(".ipynb"):
        source[0] = with_roles(source[0])


def setup(app):
    """Connect the step to Sphinx."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
