"""The templates of the page and of the Markdown table."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def environment(**options: Any) -> Environment:
    """Return the folder of templates; a name that a template gets wrong is an error."""
    return Environment(
        loader=PackageLoader("depthgauge.report", "template"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
