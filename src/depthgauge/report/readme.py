"""The claims as a Markdown table with the figures below: what a repository page shows."""

import html
import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from depthgauge.report.content import Report, content


def readme(report: Report) -> str:
    """Return the report as Markdown; the same report gives the same text."""
    environment = Environment(
        loader=PackageLoader("depthgauge.report", "template"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=plain,
    )
    return environment.get_template("README.md.j2").render(**content(report))


def plain(text: object) -> str:
    """Return `text` such that Markdown shows it as it is, on one line and in one table cell."""
    if isinstance(text, Markup):  # the template's own words, as in `name | safe`
        return text
    escaped = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", escaped)
