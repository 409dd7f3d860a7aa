"""What axe-core finds in a page that a browser has open."""

from axe_playwright_python.sync_playwright import Axe


def serious_troubles(page, rules=None):
    """Return a sentence for each place where a rule is broken that matters much.

    Of all rules, or of those alone that are named.
    """
    # A colour that still fades from one theme into the other has the contrast of neither.
    page.evaluate(
        "Promise.allSettled(document.getAnimations().map(one => one.finished)).then(() => null)"
    )
    only = {"runOnly": rules} if rules else {}
    report = Axe().run(page, options={"resultTypes": ["violations"], "preload": False, **only})
    return [
        f"{violation['id']}: {node['target']} {node.get('failureSummary', '')}"
        for violation in report.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
