"""Named kinds of places around a camera's walkway.

A camera stands at the origin and looks along +y; people walk between y = 5 and y = 18 metres. Scene functions take the
camera's random generator, so that two cameras with the same kind of scene are still two different places.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reidapt.world import indoors, outdoors, passages
from reidapt.world.props import Scene

SCENES: dict[str, Callable[[np.random.Generator], Scene]] = {
    scene.__name__: scene
    for scene in (
        outdoors.plaza,
        outdoors.street,
        outdoors.crossing,
        outdoors.busstop,
        outdoors.park,
        outdoors.steps,
        outdoors.campus,
        outdoors.market,
        outdoors.terrace,
        outdoors.courtyard,
        outdoors.gate,
        indoors.mall,
        passages.station,
        passages.concourse,
        passages.turnstile,
        indoors.lobby,
        indoors.supermarket,
        indoors.corridor,
        passages.underpass,
        passages.garage,
        indoors.gym,
    )
}
"""Named kinds of places, eleven outdoors and ten indoors."""
