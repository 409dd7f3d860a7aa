"""Where the course is published, as README and pages say it."""

import pytest

import course
import notebooks
import published
from folders import ROOT

GITHUB = {"url": "https://github.com/Ada/course", "branch": "main"}


def test_before_there_is_an_address_nothing_names_one():
    assert published.places({"url": "", "branch": "main"}) == {}
    assert published.sentence({}) == course.foot({}) == ""


@pytest.mark.parametrize("ending", ["", "/", ".git"])
def test_on_github_the_book_the_zip_and_binder_are_known(ending):
    found = published.places(GITHUB | {"url": GITHUB["url"] + ending})
    assert found["book"] == "https://ada.github.io/course/"
    assert found["zip"].startswith("https://github.com/Ada/course/releases/latest/download/")
    assert found["run"].startswith("https://mybinder.org/v2/gh/Ada/course/main?")
    for text in (published.sentence(found), course.foot(found)):
        assert found["book"] in text and found["zip"] in text


def test_a_site_of_its_owner_has_no_folder():
    found = published.places({"url": "https://github.com/Ada/ada.github.io", "branch": "main"})
    assert found["book"] == "https://ada.github.io/"


def test_elsewhere_only_the_repository_is_known():
    found = published.places({"url": "https://example.org/ada/course", "branch": "main"})
    assert found == {"repository": "https://example.org/ada/course"}
    assert "https://example.org/ada/course" in published.sentence(found)
    assert course.foot(found) == ""


def test_the_readme_says_what_the_settings_and_the_chapters_say():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert published.readme(text) == text, "run `make notebooks`"
    for path in notebooks.chapters():
        if path.stem != "intro":
            assert f"- {published.title(path)}" in text


def test_an_address_comes_into_the_readme_and_goes_again():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = published.places(GITHUB)
    with_it = published.with_blocks(text, {"published": published.sentence(found)})
    assert all(found[name] in with_it for name in ("book", "zip", "run"))
    assert published.with_blocks(with_it, {"published": ""}) == published.with_blocks(
        text, {"published": ""}
    )


def test_marks_that_are_missing_are_named():
    with pytest.raises(ValueError, match="'chapters'"):
        published.with_blocks("no marks", {"chapters": ""})
