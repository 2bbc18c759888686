"""One self-contained page: verdicts, claims, figures, provenance. No request leaves it."""

import base64
import hashlib
from importlib.resources import files

from markupsafe import Markup

from depthgauge.report.content import Report, content, environment
from depthgauge.report.figure import spec
from depthgauge.report.library import drawing_library
from depthgauge.report.theme import config
from depthgauge.report.verdicts import WORDS, group


def page(report: Report) -> str:
    """Return the report as one HTML page; the same report gives the same text.

    A content security policy, kept by the reader's browser, forbids every request and every script
    but our own two, whatever a record or a claim may say.
    """
    scripts = [_part("page.js"), drawing_library()]  # what folds comes before what takes time
    return (
        environment(autoescape=True)
        .get_template("page.html")
        .render(
            **content(report),
            charts={name: spec(figure) for name, figure in report.figures.items()},
            themes={mode: config(mode) for mode in ("light", "dark")},
            filters=_filters(report),
            stills={name: _data_uri(picture) for name, picture in report.pictures.items()},
            style=Markup(_part("page.css")),
            scripts=[Markup(script) for script in scripts],
            hashes=[_hash(script) for script in scripts],
        )
    )


def _filters(report: Report) -> list[tuple[str, str, dict[str, str]]]:
    """Return what the table of claims can be narrowed to: key, label, value -> word."""
    groups = dict.fromkeys(group(verdict) for verdict in report.verdicts)
    studies = dict.fromkeys(verdict["study"] for verdict in report.verdicts)
    return [
        ("verdict", "Verdict", WORDS),
        ("group", "Source", {name: name for name in groups}),
        ("study", "Study", {name: name for name in studies}),
    ]


def _part(name: str) -> str:
    return files("depthgauge.report").joinpath("template", name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Return the script's hash as a content security policy names it."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _data_uri(picture: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"
