"""The commands: ``make assignments``, ``make lay-out`` and ``make grade``."""

import argparse
import os
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

import folders
from folders import ASSIGNMENTS, BOOK
from grading import (
    chapters,
    execute,
    handed_in,
    hidden,
    leaks,
    lms,
    outcomes,
    places,
    rebuild,
    report,
    results,
    sandbox,
)
from grading.cases import SETS
from grading.written import Written

SHOWN = 20  # lines of a list that are printed


def assign(wanted, release):
    """Validate and hand out the problem sets, or these chapters."""
    if wanted:
        names = [chapter_name(word) for word in wanted]
        for name in names:
            student_version = chapters.without_solutions(places.read(BOOK / f"{name}.ipynb"))
            places.hand_out(student_version, release, name)
            print(f"{name}: handed out without its solutions")
    else:
        names = places.set_names()
        for name in names:
            validate(name, secrets.token_hex(), unsafe=bool(sandbox.trouble()))
            release_set(name, release)
    require_no_leaks(release)
    print(f"Give these folders to your students: {', '.join(str(release / n) for n in names)}")


def chapter_name(word):
    """Return the name of the chapter that begins with a word such as 03."""
    found = sorted(path.stem for path in BOOK.glob("*.ipynb") if path.stem.startswith(word))
    if len(found) != 1:
        raise SystemExit(f"{word!r} names {len(found)} chapters; name one, such as 03")
    return found[0]


def release_set(name, release):
    """Write the version for students."""
    source, student_version = (
        places.read(places.named(places.SOURCE, name)),
        places.student_version(name),
    )
    if left := leaks.answers_left(source, student_version):
        raise SystemExit(f"{name}: the solution still stands in {', '.join(left)}")
    places.hand_out(student_version, release, name)
    print(f"{name}: its solutions pass visible and hidden tests; handed out without them")


def require_no_leaks(release):
    """Stop if something that students get holds a solution or a model answer."""
    public = [path.read_text(encoding="utf-8") for path in folders.modules()]
    sources = [places.read(places.named(places.SOURCE, name)) for name in places.set_names()]
    passages = set().union(*(leaks.secrets(source, public) for source in sources))
    found = leaks.look_through(release, passages)
    if folders.HTML.is_dir():
        found += leaks.look_through(folders.HTML, passages)
    else:
        print("The book isn't built, so its pages were not looked through: make book, and again.")
    if found:
        raise SystemExit("Solutions would leak:\n" + "\n".join(found))
    print(f"No leak: {len(passages)} passages of solutions and model answers are in no file.")


def validate(name, seed, *, unsafe):
    """Run an instructor's version: its solutions must pass every test; a chapter's imports run.

    What fails here is not the students' fault, and would be booked as theirs.
    """
    if name in SETS:
        cells = places.read(places.named(places.SOURCE, name)).cells
    else:
        cells = [
            cell
            for cell in places.student_version(name).cells
            if rebuild.name_of(cell).startswith("imports_")
        ]
    steps = [
        rebuild.Step(rebuild.name_of(cell), cell.source, kind_of(cell))
        for cell in cells
        if cell.cell_type == "code"
    ]
    examples = hidden.of_set(name, seed) if name in SETS else None
    evidence = execute.run(steps, examples, refused(name), unsafe=unsafe)
    checks = {step.name.removeprefix("test_") for step in steps if step.kind == "check"}
    for question in sorted(checks):
        reason, detail = outcomes.came_of(question, evidence, examples)
        if reason != outcomes.PASSED or evidence.checks[question]:
            seen = outcomes.named(evidence.checks[question])
            raise SystemExit(f"{name}, {question}: our own solution is {reason}: {seen or detail}")
    for step, reply in evidence.given.items():
        if reply:
            raise SystemExit(f"{name}, {step} does not run: {outcomes.named(reply) or reply}")


def kind_of(cell):
    """Return the kind of a step for a cell of the instructor's version."""
    return "answer" if rebuild.is_answer(cell) else "check" if rebuild.is_check(cell) else "given"


def refused(name):
    """Return what the answer to each part may not call."""
    return {part: question.refused for part, question in SETS.get(name, {}).items()}


def grade(submitted, out, unsafe, only_sets=(), only_students=(), other_seed=False):
    """Grade every submission; one that is broken stops no other.

    Returns
    -------
    bool
        Whether everything could be graded.
    """
    seed = hidden.secret_seed()
    jobs = limits()
    require_sandbox(unsafe)
    if not submitted.is_dir():
        raise SystemExit(f"There is nothing to grade: lay notebooks in {submitted}/STUDENT/SET/")
    written, known = Written(out / "written.csv"), results.Results(out / "graded")
    found = handed_in.look_through(
        submitted, {name: places.cell_names(name) for name in places.known_names()}
    )
    names = wanted_sets(found, only_sets)
    students = wanted_students(found, only_students)
    work = Work(seed, unsafe, known)
    for name in names:
        if known.other_seed(name, work.seed_print) and not other_seed:
            raise SystemExit(
                f"{name} was graded with another seed before, and other hidden examples. Use that "
                "one, or grade everything again with OTHER_SEED=1."
            )
        work.prepare(name)
    done, stopped = run_all(work, students, names, found, jobs)
    kept = write_all(known, written, submitted, out)
    say(kept, found, written, done, students, out)
    if stopped:
        raise SystemExit(f"Stopped: {done} are graded and kept, and the next run goes on there.")
    return not any(one.reason == outcomes.NOT_GRADED for one in kept)


def limits():
    """Return how many submissions run at once; say now if a limit is no number."""
    for name in sandbox.DEFAULTS:
        sandbox.setting(name)
    return sandbox.setting("GRADING_JOBS")


def wanted_sets(found, only):
    """Return the names of what is to be graded."""
    there = [
        name for name in places.known_names() if any(key[1] == name for key in found.notebooks)
    ]
    if unknown := [name for name in only if name not in places.known_names()]:
        raise SystemExit(f"There is no set {unknown[0]!r}, but: {', '.join(places.known_names())}")
    return [name for name in there if not only or name in only]


def wanted_students(found, only):
    """Return the labels of those who are to be graded."""
    if unknown := [name for name in only if name not in found.students]:
        raise SystemExit(f"There is no folder of {unknown[0]!r}")
    return [name for name in found.students if not only or name in only]


class Work:
    """All that grading one submission takes."""

    def __init__(self, seed, unsafe, known):
        self.seed, self.unsafe, self.known = seed, unsafe, known
        self.seed_print = results.of_seed(seed)
        self.versions, self.examples, self.programs = {}, {}, {}

    def prepare(self, name):
        """Make what all submissions of a set share, and see whether it runs on this machine."""
        validate(name, self.seed, unsafe=self.unsafe)
        self.versions[name] = places.student_version(name)
        self.examples[name] = hidden.of_set(name, self.seed) if name in SETS else None
        self.programs[name] = results.of_program(name)

    def one(self, student, name, paths):
        """Find the result of one submission, unless it is known already."""
        state = ""
        try:
            if paths:
                path = handed_in.chosen(paths, name)
                state = results.of_submission(self.programs[name], path.read_bytes())
            before = self.known.known.get((student, name))
            if self.known.holds(student, name, self.seed_print, state):
                return
            if not paths and before is not None and before.handed_in:
                return  # what was graded counts, though its file is not here any more
            found, texts = self.outcomes(student, name, path if paths else None)
        except Exception as error:  # trouble of ours, whatever it is
            words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            if isinstance(error, (sandbox.Trouble, ValueError)):
                words = str(error)[:300]
            version, reason = self.versions[name], outcomes.NOT_GRADED
            found, texts = outcomes.nothing(student, name, version, reason, words), {}
        self.known.put(results.Result(student, name, self.seed_print, state, found, texts))

    def outcomes(self, student, name, path):
        """Return the outcomes of a submission, and its written answers."""
        version, examples = self.versions[name], self.examples[name]
        try:
            if path is None:
                raise handed_in.Unreadable("nothing was handed in")
            submission = rebuild.take(version, handed_in.load(path))
        except handed_in.Unreadable as why:
            return outcomes.nothing(student, name, version, outcomes.MISSING, str(why)), {}
        steps = rebuild.steps(version, submission, everywhere=name in SETS)
        evidence = execute.run(steps, examples, refused(name), unsafe=self.unsafe)
        found = outcomes.judge(student, name, version, submission, steps, evidence, examples)
        texts = {
            one.question: submission.answers[one.question]
            for one in found
            if one.reason == outcomes.TO_READ
        }
        return found, texts


def run_all(work, students, names, found, jobs):
    """Grade in as many threads as may be; Ctrl-C stops them, and what is finished is kept.

    Returns
    -------
    (int, bool)
        How many submissions are graded, and whether that was stopped.
    """
    todo = [(student, name) for student in students for name in names]
    sandbox.stopping.clear()
    stopped, bar = False, tqdm(total=len(todo), desc="grading", unit="submission", file=sys.stderr)
    with ThreadPoolExecutor(jobs) as threads, bar:
        running = [threads.submit(work.one, *one, found.notebooks.get(one, [])) for one in todo]
        try:
            for future in as_completed(running):
                future.result()
                bar.update()
        except KeyboardInterrupt:
            stopped = True
            sandbox.stopping.set()
            threads.shutdown(wait=True, cancel_futures=True)
    finished = [one for one in running if not one.cancelled() and one.exception() is None]
    return len(finished), stopped


def write_all(known, written, submitted, out):
    """Write everything that is for the instructor and the students."""
    found, texts = known.outcomes()
    found = written.apply(found, texts)
    written.save()
    report.write_tables(found, out)
    report.write_pages(found, out)
    report.write_reading(found, texts, written, out)
    lms.write_back(found, submitted, out)
    return found


def say(kept, found, written, done, students, out):
    """Print what was done, and all that the instructor must know."""
    print(f"{done} submissions of {len(students)} students: {out / 'grades.csv'}")
    lines = sorted(found.passed_over)
    report.write_list(lines, out / "not_looked_at.txt")
    if lines:
        print(f"Not looked at: {len(lines)}, listed in {out / 'not_looked_at.txt'}")
        print("\n".join(f"  {line}" for line in lines[:SHOWN]))
    if written.changed:
        print(f"{written.changed} written answers have changed since they were marked: mark again")
    if waiting := sum(one.reason == outcomes.TO_READ for one in kept):
        print(f"{waiting} written answers are to be read: {out / 'reading.html'}")
    missed = sorted(
        {(one.student, one.set, one.detail) for one in kept if one.reason == outcomes.NOT_GRADED}
    )
    if missed:
        print(f"NOT GRADED: {len(missed)} submissions, through no fault of the students:")
        print("\n".join(f"  {student}, {name}: {why}" for student, name, why in missed[:SHOWN]))


def lay_out(archive, name, submitted):
    """Lay what a platform gives as a zip file where grading looks for it."""
    if name not in places.known_names():
        raise SystemExit(f"SET={name} is none of {', '.join(places.known_names())}")
    if not archive.is_file():
        raise SystemExit(f"There is no file {archive}")
    students, strange = lms.lay_out(archive, name, submitted)
    print(f"{name}: {len(students)} students laid out in {submitted}")
    if strange:
        print(f"{len(strange)} files belong to nobody:")
        print("\n".join(f"  {one}" for one in strange[:SHOWN]))


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


def main(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="grading")
    commands = parser.add_subparsers(dest="command", required=True)
    handing_out = commands.add_parser("assign")
    handing_out.add_argument("chapters", nargs="*")
    handing_out.add_argument("--release", type=Path, default=places.RELEASE)
    grading = commands.add_parser("grade")
    grading.add_argument("--submitted", type=Path, default=ASSIGNMENTS / "submitted")
    grading.add_argument("--out", type=Path, default=ASSIGNMENTS)
    laying = commands.add_parser("lay-out")
    laying.add_argument("archive", type=Path)
    laying.add_argument("set")
    laying.add_argument("--submitted", type=Path, default=ASSIGNMENTS / "submitted")
    options = parser.parse_args(arguments)
    if options.command == "lay-out":
        lay_out(options.archive, options.set, options.submitted.resolve())
        return
    if options.command == "assign":
        assign(options.chapters, options.release)
        return
    said = os.environ.get
    complete = grade(
        options.submitted.resolve(),
        options.out.resolve(),
        unsafe=said("UNSAFE") == "1",
        only_sets=said("SETS", "").split(),
        only_students=[one for one in said("STUDENTS", "").split(",") if one],
        other_seed=said("OTHER_SEED") == "1",
    )
    sys.exit(0 if complete else 1)


if __name__ == "__main__":
    main()
