"""The two commands: ``make assignments`` and ``make grade``."""

import argparse
import contextlib
import os
import secrets
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

import folders
from folders import ASSIGNMENTS, BOOK
from grading import chapters, leaks, outcomes, rebuild, report, sandbox
from grading.hidden import secret_seed
from grading.places import (
    RELEASE,
    SOURCE,
    hand_out,
    named,
    read,
    set_names,
    source_of,
)


def assign(wanted, release):
    """Validate and hand out the problem sets, or these chapters."""
    if wanted:
        names = [chapter_name(word) for word in wanted]
        for name in names:
            student_version = chapters.without_solutions(read(BOOK / f"{name}.ipynb"))
            hand_out(student_version, release, name)
            print(f"{name}: handed out without its solutions")
    else:
        names = set_names()
        with new_course(unsafe=bool(sandbox.trouble())) as course:
            for name in names:
                release_set(course, name, release)
    require_no_leaks(release)
    print(f"Give these folders to your students: {', '.join(str(release / n) for n in names)}")


@contextlib.contextmanager
def new_course(*, unsafe):
    """Make a course in a folder that is thrown away."""
    from grading.course import Course  # nbgrader takes seconds to import

    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        yield Course(Path(folder), unsafe=unsafe)


def chapter_name(word):
    """Return the name of the chapter that begins with a word such as 03."""
    found = sorted(path.stem for path in BOOK.glob("*.ipynb") if path.stem.startswith(word))
    if len(found) != 1:
        raise SystemExit(f"{word!r} names {len(found)} chapters; name one, such as 03")
    return found[0]


def release_set(course, name, release):
    """Validate a set with a seed of its own, and write the version for students."""
    course.validate(name, source_of(name, seed=secrets.token_hex()))
    source = read(named(SOURCE, name))
    student_version = course.add(name, source)
    if left := leaks.answers_left(source, student_version):
        raise SystemExit(f"{name}: the solution still stands in {', '.join(left)}")
    hand_out(student_version, release, name)
    print(f"{name}: its solutions pass visible and hidden tests; handed out without them")


def require_no_leaks(release):
    """Stop if something that students get holds a solution or a model answer."""
    public = [path.read_text(encoding="utf-8") for path in folders.modules()]
    sources = [read(named(SOURCE, name)) for name in set_names()]
    passages = set().union(*(leaks.secrets(source, public) for source in sources))
    found = leaks.look_through(release, passages)
    if folders.HTML.is_dir():
        found += leaks.look_through(folders.HTML, passages)
    else:
        print("The book isn't built, so its pages were not looked through: make book, and again.")
    if found:
        raise SystemExit("Solutions would leak:\n" + "\n".join(found))
    print(f"No leak: {len(passages)} passages of solutions and model answers are in no file.")


def grade(submitted, out, unsafe):
    """Grade every submission; one that is broken stops no other."""
    seed = secret_seed()
    require_sandbox(unsafe)
    if not submitted.is_dir():
        raise SystemExit(f"There is nothing to grade: lay notebooks in {submitted}/STUDENT/SET/")
    students = sorted(path.name for path in submitted.iterdir() if is_folder(path))
    handed_in = {path.name for one in students for path in (submitted / one).iterdir()}
    known = [*set_names(), *sorted(path.stem for path in BOOK.glob("[0-9]*.ipynb"))]
    names = [name for name in known if name in handed_in]
    with new_course(unsafe=unsafe) as course:
        versions = {name: student_version_of(course, name, seed) for name in names}
        jobs = [(student, name) for student in students for name in names]
        found = []
        for student, name in tqdm(jobs, desc="grading", unit="submission", file=sys.stderr):
            place = submitted / student / name
            found += grade_one(course, student, name, versions[name], place)
    out.mkdir(parents=True, exist_ok=True)
    found = report.add_written(found, out / "written.csv")
    report.write_tables(found, out)
    report.write_pages(found, out)
    print(f"{len(jobs)} submissions of {len(students)} students: {out / 'grades.csv'}")


def student_version_of(course, name, seed):
    """Tell nbgrader of a set or a chapter, and return the version for students."""
    source = source_of(name, seed)
    made = course.add(name, source)
    if name in set_names():
        return made
    course.validate(name, chapters.imports(source))  # or every student's answers would crash
    return source  # it holds no solutions any more


def is_folder(path):
    """Tell whether this is the folder of a student."""
    return path.is_dir() and not path.is_symlink() and not path.name.startswith(".")


def require_sandbox(unsafe):
    """Stop where student code can't be shut in, unless it was said that it needn't."""
    trouble = sandbox.trouble()
    if unsafe:
        print("UNSAFE=1: student code can read your files and use the network.")
    elif trouble:
        raise SystemExit(
            f"Student code would run with your rights: {trouble}\n"
            "If you trust every submission, or this machine holds nothing of value:\n"
            "    UNSAFE=1 make grade"
        )


def grade_one(course, student, name, student_version, place):
    """Return the outcomes of one submission, whatever is in it."""
    try:
        submitted = rebuild.load(rebuild.find(place, name))
        submission = rebuild.take(student_version, submitted)
    except rebuild.Unreadable as why:
        return outcomes.nothing(student, name, student_version, outcomes.MISSING, str(why))
    clean = rebuild.put(student_version, submission, everywhere=name in set_names())
    try:
        executed, scores = course.grade(student, name, clean)
    except Exception as error:  # nothing that one student hands in may stop the others
        detail = " ".join(str(error).split())[:200]
        return outcomes.nothing(student, name, student_version, outcomes.CRASHED, detail)
    return outcomes.judge(student, name, student_version, submission, executed, scores)


def main(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="grading")
    commands = parser.add_subparsers(dest="command", required=True)
    handing_out = commands.add_parser("assign")
    handing_out.add_argument("chapters", nargs="*")
    handing_out.add_argument("--release", type=Path, default=RELEASE)
    grading = commands.add_parser("grade")
    grading.add_argument("--submitted", type=Path, default=ASSIGNMENTS / "submitted")
    grading.add_argument("--out", type=Path, default=ASSIGNMENTS)
    options = parser.parse_args(arguments)
    if options.command == "assign":
        assign(options.chapters, options.release)
    else:
        unsafe = os.environ.get("UNSAFE") == "1"
        grade(options.submitted.resolve(), options.out.resolve(), unsafe)


if __name__ == "__main__":
    main()
