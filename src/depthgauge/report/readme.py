"""The claims as a Markdown table with the figures below: what a repository page shows."""

import html
import re

from markupsafe import Markup

from depthgauge.report.content import Report, content, environment


def readme(report: Report) -> str:
    """Return the report as Markdown; the same report gives the same text."""
    template = environment(finalize=plain).get_template("README.md.j2")
    return template.render(**content(report))


def plain(text: object) -> str:
    """Return `text` such that Markdown shows it as it is, on one line and in one table cell."""
    if isinstance(text, Markup):  # the template's own words, as in `name | safe`
        return text
    escaped = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", escaped)
