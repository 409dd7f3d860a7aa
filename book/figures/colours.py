"""Colours that mean the same in every figure: each station of the course has one."""

import re

#: The stations of the course in their order, and the colour of each. The pages' style sheet,
#: ``course.css``, has the same ones, and lighter ones for the dark.
STATIONS = {
    "one vector": "#595959",
    "attention": "#d55e00",
    "self-attention": "#0072b2",
    "Transformer": "#009e73",
}
#: A second and a third curve of the same station keep its hue, in another shade.
SHADES = {
    "one vector": ("#595959", "#8c8c8c", "#1f1f1f"),
    "attention": ("#d55e00", "#8a3d00", "#5c2900"),
    "self-attention": ("#0072b2", "#004a75", "#002c45"),
    "Transformer": ("#009e73", "#006b4e", "#00432f"),
}
_NAMED = re.compile(
    r"(?<![\w-])(?<!without )(one vector|self-att\b|attention|Transformer)(?![\w-])"
)


def station_of(name):
    r"""Return the station that the name of a curve or bar speaks of, or None.

    Of several the last one counts: a name begins with the encoder and ends with what connects it
    to the decoder.

    Parameters
    ----------
    name : str

    Returns
    -------
    str or None

    Examples
    --------
    >>> station_of("attention, 3000 steps"), station_of("French,\none vector")
    ('attention', 'one vector')
    >>> station_of("self-attention, one block"), station_of("GRU")
    ('self-attention', None)
    """
    text = " ".join(name.split()).replace("self-attention", "self-att")
    found = _NAMED.findall(text)
    return found[-1].replace("self-att", "self-attention") if found else None
