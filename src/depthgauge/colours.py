"""Colours of every page, light and dark."""

LAYER_COLOURS = {
    "light": ["#190772", "#582271", "#883a73", "#bb5074", "#ed6a62"],
    "dark": ["#71619f", "#bb7295", "#e5918b", "#fcb981", "#f7eb82"],
}
"""Layer 1, 2, ... from the input, from dark to light: a layer's place can be read from its colour,
by every kind of colour vision (tested). Each stands out from the page (contrast 3 or more)."""

CATEGORY_COLOURS = {
    "light": ["#0b4fae", "#9c3f00", "#1ca664", "#d36eaf", "#979a08", "#26282b"],
    "dark": ["#398eef", "#cf7a1e", "#46fb9c", "#e83a81", "#f4d35e", "#d4d9dd"],
}
"""What has no order: models, initializations, remedies. Hues after Okabe and Ito (2008), moved
until each stands out from the page and from all the others for every kind of colour vision
(tested)."""

BACKGROUND = {"light": "#ffffff", "dark": "#15181d"}
INK = {"light": "#22262b", "dark": "#e4e7eb"}
