"""Valid files, spoiled: what a disk, a host or an enemy may make of them."""

import json

from hypothesis import strategies as st

PLACES = st.floats(0, 1, exclude_max=True)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("cut"), PLACES, st.just(b"")),
        st.tuples(st.just("flip"), PLACES, st.binary(min_size=1, max_size=1)),
        st.tuples(st.just("write"), PLACES, st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("head"), PLACES, st.binary(min_size=1, max_size=4)),
        st.tuples(st.just("insert"), PLACES, st.binary(min_size=1, max_size=20)),
        st.tuples(st.just("tail"), PLACES, st.binary(min_size=1, max_size=8)),
    ),
    min_size=1,
    max_size=4,
)
"""(kind, where, bytes); `head` and `tail` strike near the ends, where formats keep their counts."""

WORDS = [
    "",
    "../../../evil",
    "/evil",
    "C:\\evil",
    "a/b",
    ".",
    "..",
    "\0",
    "a\nb",
    "'; drop table runs; --",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "${hidden}",
    "${oc.env:HOME}",
    "${",
    "???",
    "{{ 7 * 7 }}",
    "$(touch evil)",
    "`touch evil`",
    "é\u202e\U0001f4a9",
    "x" * 5000,
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**31, 2**63, -(2**63), 10**400, 0, -1]),
    st.floats(),
    st.sampled_from([5e-324, 1e308, float("nan"), float("inf")]),
    st.sampled_from(WORDS),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
"""Wrong types, empty, huge, not finite, text that means something elsewhere."""


def spoiled(content, edits):
    """Return `content` after the edits."""
    made = bytearray(content)
    for kind, place, piece in edits:
        spread = 64 if kind in ("head", "tail") else len(made)
        at = int(place * min(spread, len(made)))
        at = len(made) - 1 - at if kind == "tail" else at
        if kind == "cut":
            del made[at:]
        elif kind == "insert":
            made[at:at] = piece
        elif kind == "flip" and made:
            made[at] ^= piece[0]
        else:
            made[max(at, 0) : at + len(piece)] = piece
    return bytes(made)


def replaced(tree, places, value):
    """Return a copy of a JSON tree in which what the `places` lead to is `value`."""
    tree = json.loads(json.dumps(tree))
    node, above, key = tree, None, None
    for place in places:
        if not isinstance(node, dict | list) or not node:
            break
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        above, key = node, keys[int(place * len(keys))]
        node = above[key]
    if above is None:
        return value
    above[key] = value
    return tree
