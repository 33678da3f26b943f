"""The benchmark worlds: named, versioned, the same for every study and for every user who compares with one."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reidapt.errors import WorldError


@dataclass(frozen=True)
class Plan:
    """The arguments of `render_world` that decide a world's bytes."""

    style: str
    people: int
    cameras: int = 6
    pictures: int = 4
    seed: int = 0
    size: tuple[int, int] = (96, 48)
    train_fraction: float = 0.5
    hold: tuple[str, ...] = ()
    occlusion: float = 0.2
    lookalikes: float = 0.0
    outfits: int = 1
    modalities: tuple[str, ...] = ("colour",)
    """What every camera sees."""
    camera_modalities: tuple[str, ...] = ()
    """Instead, one per camera."""
    simultaneous: bool = False
    """All modalities of a camera see the same moments."""
    one_side: bool = False
    """A camera sees a person from the front alone, or from the back alone."""
    tracklets: int = 0
    """Tracklets of a person at every camera; 0 renders single pictures."""
    frames: int = 1
    """Frames of a tracklet."""

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `render_world`, without those at their default."""
        default = Plan(self.style, self.people)
        always = ("people", "cameras", "pictures", "seed", "size")
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "style"}
        return {name: value for name, value in values.items() if name in always or value != getattr(default, name)}

    @property
    def name(self) -> str:
        """Folder name, different for different arguments."""
        height, width = self.size
        parts = [f"{self.style}-{self.people}x{self.cameras}x{self.pictures}-{height}x{width}-seed{self.seed}"]
        rest = self.arguments()
        for name in ("people", "cameras", "pictures", "seed", "size"):
            rest.pop(name, None)
        for name, value in sorted(rest.items()):
            text = "+".join(map(str, value)) if isinstance(value, tuple) else str(value)
            parts.append(f"{name}={text}")
        return "-".join(parts)


@dataclass(frozen=True)
class Benchmark:
    """Worlds that belong together: by size (`tiny`, `full`) and role (`source`, a target's style, …)."""

    version: int
    about: str
    sizes: Mapping[str, Mapping[str, Plan]]


def colour(people: int, pictures: int, size: tuple[int, int]) -> dict[str, Plan]:
    """A source style standing for a game engine and three target styles standing for three camera networks."""
    styles = {"source": "game", "forecourt": "forecourt", "winter": "winter", "transit": "transit"}
    return {
        role: Plan(style, people=people, pictures=pictures, seed=seed, size=size, occlusion=0.1)
        for seed, (role, style) in enumerate(styles.items(), 1)
    }


def video(
    people: int, source_people: int, train_fraction: float, tracklets: int, frames: int, size: tuple[int, int]
) -> dict[str, Plan]:
    """Tracklets of a source and two targets, and of people who change clothes.

    Args:
        tracklets: of a person at each of 4 cameras; where there are fewer cameras, twice as many.
    """
    shared: dict[str, Any] = {"train_fraction": train_fraction, "frames": frames, "size": size}
    return {
        "source": Plan("game", source_people, seed=21, cameras=4, tracklets=tracklets, **shared),
        "promenade": Plan("promenade", people, seed=22, cameras=4, tracklets=tracklets, **shared),
        "transit": Plan("transit", people, seed=23, cameras=2, tracklets=2 * tracklets, **shared),
        "clothes": Plan("promenade", people, seed=24, cameras=3, tracklets=2 * tracklets, outfits=2, **shared),
    }


BENCHMARKS: dict[str, Benchmark] = {
    "bench-colour": Benchmark(
        2,
        "labelled source, three unlabelled camera networks",
        {"tiny": colour(200, 4, (96, 48)), "full": colour(1500, 4, (256, 128))},
    ),
    "bench-infrared": Benchmark(
        6,
        "colour cameras 1, 2, 4 and 5, near-infrared cameras 3 and 6",
        {
            size: {
                "world": Plan(
                    "forecourt",
                    people=people,
                    pictures=pictures,
                    seed=11,
                    size=pixels,
                    occlusion=0.1,
                    train_fraction=share,
                    camera_modalities=("colour", "colour", "infrared", "colour", "colour", "infrared"),
                )
            }
            for size, people, share, pictures, pixels in (
                ("tiny", 495, 395 / 495, 10, (96, 48)),
                ("full", 1500, 0.5, 8, (256, 128)),
            )
        },
    ),
    "bench-thermal": Benchmark(
        7,
        "a colour and a thermal camera side by side that see the same moments, a person from one side, as in RegDB",
        {
            size: {
                "world": Plan(
                    "forecourt",
                    people=people,
                    cameras=1,
                    pictures=pictures,
                    seed=12,
                    size=pixels,
                    occlusion=0.1,
                    modalities=("colour", "thermal"),
                    train_fraction=share,
                    simultaneous=True,
                    one_side=True,
                )
            }
            for size, people, share, pictures, pixels in (
                ("tiny", 2100, 2000 / 2100, 4, (96, 48)),
                ("full", 1500, 0.5, 10, (256, 128)),
            )
        },
    ),
    "bench-sketch": Benchmark(
        4,
        "two colour cameras and an artist's drawings",
        {
            size: {
                "world": Plan(
                    "forecourt",
                    people=people,
                    cameras=3,
                    pictures=pictures,
                    seed=13,
                    size=pixels,
                    occlusion=0.1,
                    train_fraction=share,
                    camera_modalities=("colour", "colour", "sketch"),
                )
            }
            for size, people, share, pictures, pixels in (
                ("tiny", 2100, 2000 / 2100, 2, (96, 48)),
                ("full", 1500, 0.5, 4, (256, 128)),
            )
        },
    ),
    "bench-video": Benchmark(
        3,
        "tracklets: a source, two camera networks, and one where people change clothes",
        {"tiny": video(160, 400, 0.75, 1, 8, (64, 32)), "full": video(1500, 1500, 0.5, 2, 24, (256, 128))},
    ),
}
"""The benchmark worlds by name. A change of a plan, or of what it renders, raises the version."""


def find_plan(name: str) -> Plan:
    """The plan called `BENCHMARK/SIZE/ROLE`, e.g. `bench-colour/tiny/forecourt`; the role may be left out where there is one.

    Raises:
        WorldError: a part of the name is unknown; the message has the nearest valid name.
    """
    known = {
        f"{bench}/{size}/{role}": plan
        for bench, benchmark in BENCHMARKS.items()
        for size, roles in benchmark.sizes.items()
        for role, plan in roles.items()
    }
    text = name.strip("/")
    for candidate in (text, f"{text}/world"):
        if candidate in known:
            return known[candidate]
    near = difflib.get_close_matches(text, known, n=1, cutoff=0.3)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise WorldError(f"There is no benchmark world {name!r}; {hint}They are: {', '.join(known)}.")
