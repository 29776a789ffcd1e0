"""What axe-core finds on a page that keeps people out of it."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

THEMES = ("light", "dark")


async def accessibility_problems(page: Page, name: str) -> list[str]:
    """Return the rules that the page as it stands breaks in each theme, and where."""
    # colours in the middle of a transition are nobody's choice
    await page.emulate_media(reduced_motion="reduce")
    problems: list[str] = []
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme)
        found = await Axe().run(page)
        problems += [
            f"{name}, {theme}: {broken['id']}: {_place(node)}"
            for broken in found.response["violations"]
            for node in broken["nodes"]
        ]
    return problems


def _place(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return f"{node['html'][:200]} ({checks[0]['message']})"
