"""CSV files as spreadsheets write and read them."""

import csv
import io
from dataclasses import dataclass

FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class Form:
    """How a table was saved."""

    encoding: str = "utf-8"
    delimiter: str = ","


def decoded(data):
    r"""Return the text of a table, and in what form it is.

    Examples
    --------
    >>> decoded("student;points\nJosé;2".encode("cp1252"))
    ('student;points\nJosé;2', Form(encoding='cp1252', delimiter=';'))
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif data[:3] == b"\xef\xbb\xbf":
        encoding = "utf-8-sig"
    else:
        encoding = "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        encoding, text = "cp1252", data.decode("cp1252", "replace")
    first, _, rest = text.partition("\n")
    if first.startswith("sep=") and len(first.strip()) == 5:
        return rest, Form(encoding, first[4])
    return text, Form(encoding, max(",;\t", key=first.count))


def rows(data):
    """Return the fields of a table, its rows with the number of their lines, and its form."""
    text, form = decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter)
    fields, found = [], []
    for row in reader:
        if not any(one.strip() for one in row):
            continue
        if not fields:
            fields = [one.strip() for one in row]
            continue
        row += [""] * (len(fields) - len(row))
        found.append((reader.line_num, dict(zip(fields, row, strict=False))))
    return fields, found, form


def safe(value):
    r"""Return what a spreadsheet shows as text: no formula, and no character that steers a screen.

    Examples
    --------
    >>> safe("=1+1"), safe("a\x1b[31m\x00"), safe(2.5)
    ("'=1+1", 'a [31m ', 2.5)
    """
    if not isinstance(value, str):
        return value
    text = "".join(one if one.isprintable() or one == "\n" else " " for one in value)
    return f"'{text}" if value.startswith(FORMULA) else text


def table(fields, content, form=None):
    """Return the bytes of a table.

    Parameters
    ----------
    fields : list of str
    content : iterable of dict
    form : Form, optional
    """
    form = form or Form()
    text = io.StringIO()
    writer = csv.DictWriter(
        text, fields, delimiter=form.delimiter, lineterminator="\n", extrasaction="ignore"
    )
    writer.writeheader()
    for row in content:
        writer.writerow({key: safe(value) for key, value in row.items()})
    try:
        return text.getvalue().encode(form.encoding)
    except UnicodeEncodeError:  # an old encoding has not all letters
        return text.getvalue().encode("utf-8-sig", "replace")
