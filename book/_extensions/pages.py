"""What the pages of the book get on top of the theme: functions from HTML to HTML, and a setup.

1. A line under a chapter's title: minutes, what it stands on, the question that it answers.
2. Exercises are numbered within their chapter, "05.1", in the text as well.
3. A fold is called what its text says; words in German and French are marked with their language.
4. Every figure has an address, ``#figure-2``; cells of wide tables know their column.
5. A page says in a sentence what it is about, to search engines and where it is linked.
"""

import re
from html import escape, unescape

import published
from folders import BOOK

SHORTEST = 40  # letters of a sentence that may stand for a page
LONGEST = 200
#: Pieces of German number words, longest first where one begins with another.
GERMAN = (
    "eins|einund|eine|ein|zwei|drei|vierzehn|vier|fünf|sechzehn|sechzig|sechs|siebzehn|siebzig|"
    "sieben|achtzehn|acht|neun|zehn|elf|zwölf|zwanzig|dreißig|zig|hundert|tausend|millionen|"
    "million|milliarden|milliarde|und"
)
GERMAN_WORDS = re.compile(rf"(?:(?:{GERMAN})+\s*)+")
FRENCH_WORDS = re.compile(
    r"(?:(?:et|un|une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|"
    r"quinze|seize|vingts?|trente|quarante|cinquante|soixante|cents?|mille|millions?|milliards?)"
    r"[\s-]*)+"
)
ALSO_ENGLISH = {"six", "million", "millions", "acht", "elf", "ein", "und", "et", "un", "cents"}


# ---- from HTML to HTML ------------------------------------------------------------------------


def name_folds(body):
    """Leave the name of a fold to its text: the theme calls each "Toggle hidden content".

    Examples
    --------
    >>> name_folds('<summary aria-label="Toggle hidden content">Show the drawing code</summary>')
    '<summary>Show the drawing code</summary>'
    """
    return body.replace('<summary aria-label="Toggle hidden content">', "<summary>")


def language_of(text):
    """Return the code of the language that a number in words is in, other than English; else "".

    Examples
    --------
    >>> [language_of(text) for text in ("quatre vingt douze", "siebenundvierzig", "six", "four")]
    ['fr', 'de', '', '']
    """
    text = text.strip().lower()
    if not text or text in ALSO_ENGLISH:
        return ""
    if FRENCH_WORDS.fullmatch(text):
        return "fr"
    return "de" if GERMAN_WORDS.fullmatch(text) else ""


def mark_languages(body):
    """Say of emphasised numbers in words which language they are in, for screen readers.

    Examples
    --------
    >>> mark_languages("<em>deux mille</em>, <em>two</em>")
    '<em lang="fr">deux mille</em>, <em>two</em>'
    """

    def marked(found):
        language = language_of(unescape(found[1]))
        return f'<em lang="{language}">{found[1]}</em>' if language else found[0]

    return re.sub(r"<em>([^<]*)</em>", marked, body)


def name_figures(body):
    """Give each figure that has none an id, and its caption a link to it.

    Examples
    --------
    >>> name_figures('<figure class="plot"><figcaption>Bars.</figcaption></figure>')
    ... # doctest: +NORMALIZE_WHITESPACE
    '<figure id="figure-1" class="plot"><figcaption>Bars.<a class="headerlink" href="#figure-1"
    title="Link to this figure">#</a></figcaption></figure>'
    """
    count = 0

    def named(found):
        nonlocal count
        count += 1
        if " id=" in found[1]:
            return found[0]
        link = f'<a class="headerlink" href="#figure-{count}" title="Link to this figure">#</a>'
        inside = found[2].replace("</figcaption>", f"{link}</figcaption>", 1)
        return f'<figure id="figure-{count}"{found[1]}>{inside}</figure>'

    return re.sub(r"<figure((?: [^>]*)?)>(.*?)</figure>", named, body, flags=re.DOTALL)


def keep_punctuation(body):
    """Let no line begin with the comma that follows a formula.

    Examples
    --------
    >>> keep_punctuation("<math><mi>x</mi></math>, and")
    '<span class="kept"><math><mi>x</mi></math>,</span> and'
    """
    formula = r"(<math\b(?:(?!</math>).)*</math>[.,;:?!)\u2019]+)"
    return re.sub(formula, r'<span class="kept">\1</span>', body, flags=re.DOTALL)


def label_cells(body):
    """Write into each cell of a table of three columns or more what its column is called.

    On a phone, where such a table is too wide, each row becomes a card.

    Examples
    --------
    >>> label_cells('<table><tr><th class="head">a</th><th>b</th><th>c</th></tr>'
    ...             '<tr><td>1</td><td>2</td><td>3</td></tr></table>')[-88:]
    '<td data-label="a">1</td><td data-label="b">2</td><td data-label="c">3</td></tr></table>'
    """

    def labelled(table):
        heads = re.findall(r"<th[^>]*>(.*?)</th>", table[0], re.DOTALL)
        labels = [escape(unescape(re.sub(r"<[^>]*>", "", head)).strip()) for head in heads]
        if len(labels) < 3:
            return table[0]

        def row(found):
            names = iter(labels)
            return re.sub(r"<td(?=[ >])", lambda _: f'<td data-label="{next(names, "")}"', found[0])

        return re.sub(r"<tr.*?</tr>", row, table[0], flags=re.DOTALL)

    return re.sub(r"<table.*?</table>", labelled, body, flags=re.DOTALL)


def introduce(body, line):
    r"""Put a line under the title of a page.

    Examples
    --------
    >>> introduce("<h1>Title</h1><p>Text</p>", "45 minutes")
    '<h1>Title</h1>\n<p class="about">45 minutes</p><p>Text</p>'
    """
    return body.replace("</h1>", f'</h1>\n<p class="about">{line}</p>', 1)


# ---- what is said of a chapter ----------------------------------------------------------------


def table_rows(text):
    r"""Return the cells of all rows of Markdown tables.

    Examples
    --------
    >>> table_rows("| a | b |\n|---|---|\n| 1 | 2 |")
    [['a', 'b'], ['1', '2']]
    """
    lines = [line for line in text.splitlines() if re.match(r"\|(?!-)", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def chapter_lines():
    """Say of each chapter how long it takes, what it stands on and which question it answers.

    The guide for instructors and the first page have the tables that this comes from.

    Returns
    -------
    dict of str to str
        HTML for the number of each chapter that both tables have.
    """
    guide = (BOOK / "instructors.md").read_text(encoding="utf-8")
    first = "".join(markdown_of(BOOK / "intro.ipynb"))
    questions = {row[0][1:3]: row[1] for row in table_rows(first) if len(row) == 2}
    files = {path.stem[:2]: path.stem for path in BOOK.glob("[0-9]*.ipynb")}
    lines = {}
    for name, needs, minutes in [row for row in table_rows(guide) if len(row) == 3]:
        times = re.fullmatch(r"(\d+) \+ (\d+) min", minutes)
        if times and name[:2] in files and name[:2] in questions:
            needs = re.sub(r"\b\d\d\b", lambda found: linked(found[0], files), escape(needs))
            question = re.split(r"(?<=\?)", questions[name[:2]].replace("*", ""))[0]
            lines[name[:2]] = (
                f"{times[1]} minutes to read, {times[2]} for the exercises · "
                f"stands on {needs} · answers: {escape(question)}"
            )
    return lines


def linked(number, files):
    """Link the number of a chapter to its page."""
    return f'<a href="{files[number]}.html">{number}</a>' if number in files else number


def markdown_of(path):
    """Return the sources of a notebook's Markdown cells."""
    import notebooks

    return [cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown"]


def first_sentences(body):
    """Return the first words of a page that are long enough to say what it is about.

    Examples
    --------
    >>> first_sentences("<p><em>For you.</em></p><p>" + "A page about <b>two</b> wirings. " * 9)
    'A page about two wirings. A page about two wirings. A page about two wirings. A page about two wirings. A page about two wirings. A page about two wirings. A page about two wirings.'
    """  # noqa: E501
    for paragraph in re.findall(r"<p>(.*?)(?=<p>|</p>|$)", body, re.DOTALL):
        paragraph = re.sub(r"<math.*?</math>", "…", paragraph, flags=re.DOTALL)
        text = " ".join(unescape(re.sub(r"<[^>]*>", "", paragraph)).split())
        if len(text) >= SHORTEST:
            if len(text) <= LONGEST:
                return text
            whole = re.match(rf".{{{SHORTEST},{LONGEST}}}[.?!](?= )", text)
            return whole[0] if whole else text[:LONGEST].rsplit(" ", 1)[0] + " …"
    return ""


def preview(title, sentence, address):
    """Return the tags that say what a page is about; a picture only where there is an address.

    Parameters
    ----------
    title, sentence : str
    address : str
        Where the book is published; empty if it is nowhere.

    Examples
    --------
    >>> preview("05", "About a look-up.", "")
    '<meta name="description" content="About a look-up." />'
    """
    tags = f'<meta name="description" content="{escape(sentence)}" />'
    if not address:
        return tags
    more = {"title": title, "description": sentence, "type": "article"}
    more["image"] = f"{address}_static/screenshot.png"
    return tags + "".join(
        f'\n<meta property="og:{name}" content="{escape(text)}" />' for name, text in more.items()
    )


# ---- in Sphinx --------------------------------------------------------------------------------


def number_exercises(app, environment):
    """Count the exercises of each chapter from 1, behind its own number."""
    for name, kinds in environment.toc_fignumbers.items():
        chapter = re.match(r"book/(\d\d)_", name)
        if chapter and "exercise" in kinds:
            for place, exercise in enumerate(kinds["exercise"], 1):
                kinds["exercise"][exercise] = (chapter[1], place)
    return []


def mend_page(app, pagename, templatename, context, doctree):
    """Do all this to a page."""
    if not context.get("body"):
        return
    body = name_folds(context["body"])
    sentence = first_sentences(body)
    if doctree is not None and sentence:
        title = unescape(re.sub(r"<[^>]*>", "", context.get("title", "")))
        address = published.places().get("book", "")
        context["metatags"] = context.get("metatags", "") + preview(title, sentence, address)
    for step in (mark_languages, name_figures, keep_punctuation, label_cells):
        body = step(body)
    chapter = re.match(r"book/(\d\d)_", pagename)
    if chapter and (line := chapter_lines().get(chapter[1])):
        body = introduce(body, line)
    context["body"] = body


def setup(app):
    """Connect the steps to Sphinx."""
    app.connect("env-get-updated", number_exercises, priority=900)
    app.connect("html-page-context", mend_page)
    app.add_js_file("pages.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
