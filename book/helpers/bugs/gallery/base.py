"""What the gallery says of a bug: how it shows, the two versions, its check, where it was seen."""

from collections.abc import Callable
from dataclasses import dataclass

from helpers.bugs.base import BUGS, Bug

#: What one sees, by the word that an entry says it with.
SIGHTS = {
    "perfect": "training looks too good to be true",
    "nonsense": "it trains well, and writes nonsense",
    "short": "accuracy or loss stops short",
    "batch": "an answer depends on the rest of the batch",
    "nan": "NaN, or a crash with other sizes",
    "map": "weights that do not sum to 1, or lie where they must not",
    "elsewhere": "weights from elsewhere do not work",
    "nothing": "nothing at all: it trains, and the numbers are wrong",
}
#: The parts of a model, in the gallery's order.
FAMILIES = (
    "weights",
    "masks",
    "padding",
    "heads",
    "positions",
    "recurrence",
    "learning",
    "blocks",
    "cache",
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One bug as the gallery shows it.

    Attributes
    ----------
    bug : Bug
    family : str
        One of `FAMILIES`.
    title : str
        The symptom, as one would say it to somebody who may help.
    sights : tuple of str
        Keys of `SIGHTS`.
    shown : str
        What the two versions are called.
    right, wrong : callable
        Both versions, short, of the same lines but for the mistake; they take the bug's example.
    check : callable
        function -> `checks.Verdict`: finds the bug in anybody's function of that kind.
    show : callable
        function -> a small array (rows, columns) in which the bug can be seen.
    rows, columns : sequence of str
        Its names.
    is_map : bool
        Whether it holds weights, to be drawn as a map.
    others : (str, str)
        Two other bugs, among which one guesses.
    seen : tuple of str
        Threads in public repositories in which people met it, such as "owner/name#12".
    note : str
        What more there is to say of where it was seen.
    pytorch : str
        Where the same slip is made in PyTorch, as code.
    """

    bug: Bug
    family: str
    title: str
    sights: tuple
    shown: str
    right: Callable
    wrong: Callable
    check: Callable
    show: Callable
    rows: tuple
    columns: tuple
    is_map: bool = False
    others: tuple
    seen: tuple = ()
    note: str = ""
    pytorch: str

    @property
    def name(self):
        """Its address: that of the bug."""
        return self.bug.name

    @property
    def threads(self):
        """Address on the web of each thread, by what it is called.

        Examples
        --------
        >>> next(iter(GALLERY["scores-by-the-models-width"].threads.values()))
        'https://github.com/lucidrains/vit-pytorch/issues/65'
        """
        found = {}
        for thread in self.seen:
            repository, number = thread.split("#")
            kind = "pull" if repository.endswith(" PR ") else "issues"
            place = repository.removesuffix(" PR ")
            found[thread] = f"https://github.com/{place}/{kind}/{number}"
        return found

    @property
    def repositories(self):
        """In how many public repositories it was seen."""
        return len({thread.partition("#")[0].removesuffix(" PR ") for thread in self.seen})


#: All entries by name, in the order of the page.
GALLERY = {}


def entry(name, **said):
    """Enter the class below into the gallery: its functions are the two versions and the check.

    Parameters
    ----------
    name : str
        Of the bug.
    **said
        The other fields of `Entry`.

    Examples
    --------
    >>> said = {"family": "weights", "title": "", "sights": (), "shown": "softmax"}
    >>> said |= {"rows": (), "columns": (), "others": (), "pytorch": ""}
    >>> GALLERY_SIZE = len(GALLERY)
    >>> @entry("weights-all-alike", **said)
    ... class _:
    ...     right = wrong = check = show = print
    >>> len(GALLERY) - GALLERY_SIZE, GALLERY.pop("weights-all-alike").repositories
    (1, 0)
    """

    def enter(versions):
        functions = {one: vars(versions)[one] for one in ("right", "wrong", "check", "show")}
        GALLERY[name] = Entry(bug=BUGS[name], **functions, **said)
        return versions

    return enter
