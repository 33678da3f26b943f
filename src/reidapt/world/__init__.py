"""The world: labelled synthetic pedestrians, rendered on the spot; imports nothing of reidapt but `reidapt.errors`.

anny and warp are imported when something is rendered, not here: `pip install "reidapt[world]"`.
"""

from reidapt.world.sheet import contact_sheet
from reidapt.world.styles import STYLES, Sensor, Style, find_style
from reidapt.world.world import render_world

__all__ = ["STYLES", "Sensor", "Style", "contact_sheet", "find_style", "render_world"]
