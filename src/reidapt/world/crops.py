"""What is drawn at random for one crop: where and how the person walks, who stands in the way, the camera's small changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reidapt.world.artists import easel
from reidapt.world.body import BONES, Rest
from reidapt.world.bystanders import Bystander, Other
from reidapt.world.cameras import Camera
from reidapt.world.company import company, find_place, wanted_occluder
from reidapt.world.factors import EVERYTHING, Choice, Draws, declare
from reidapt.world.gait import Pose, sample_pose
from reidapt.world.modalities import modality_columns
from reidapt.world.people import Person
from reidapt.world.places import in_sun
from reidapt.world.posing import pose_all
from reidapt.world.streams import between
from reidapt.world.styles import Style

YAW = declare("yaw", "crop", "direction of walking against the line of sight, degrees; 0 comes nearer", "yaw")
POSE = declare(
    "pose", "crop", "walking or standing, moment of the stride, what the arms do", "walking", "phase", "phone"
)
BOX = declare("box", "crop", "error of the detector's box")
EXPOSURE = declare("exposure", "crop", "brightness against the camera's own", "light")
MOTION = declare("motion", "crop", "exposure time in milliseconds, which blurs who moves", "exposure_ms")
RESOLUTION = declare("resolution", "crop", "height in pixels before the crop was resized", "source_height")
GRAIN = declare("grain", "crop", "amount and pattern of the sensor's noise, sharpness")
JPEG = declare("jpeg", "crop", "JPEG quality", "jpeg")

LOW_RESOLUTION = 0.2
"""Share of pictures that had fewer pixels than they have now."""
SENSOR_COLUMNS = 20


@dataclass(frozen=True)
class Crop:
    """One picture to draw: geometry, light and sensor as the kernels' rows, and the table's columns."""

    camera: Camera
    transforms: np.ndarray  # (J, 3, 4) rest pose -> world
    feet: np.ndarray  # (2, 2) floor position of both feet
    box_noise: np.ndarray  # (4,) standard normal: top, bottom, centre, width
    box_kind: str  # "person", "partial" (a bad detection) or "empty" (background alone)
    sun_visible: float
    fold_shift: float
    sensor: np.ndarray  # (SENSOR_COLUMNS,) row of the sensor table; 14, 15 are filled when drawn
    noise_seed: int
    jpeg_quality: int
    columns: dict[str, object]
    modality: str = "colour"
    others: tuple[Other, ...] = ()
    rest: Rest | None = None
    motion: tuple[float, float] = (0.0, 0.0)  # metres on the floor during the exposure
    least_visible: float = 0.35  # bystanders who would leave less of the person visible are taken away
    source_height: float = 0.0  # share of the output's height, 0 = all of it; pixels where it is more than 1


@dataclass(frozen=True)
class Circumstances:
    """What all crops of a world share: its arguments and its bystanders."""

    seed: int
    style: Style
    choice: Choice = EVERYTHING
    occlusion: float = 0.0
    crowd: tuple[Bystander, ...] = ()
    simultaneous: bool = False  # all modalities of a camera see a picture's moment
    one_side: bool = False  # a camera sees a person from the front alone, or from the back alone


@dataclass(frozen=True)
class Moment:
    """Where a person is and how the body is held at one moment."""

    spot: np.ndarray  # (2,)
    yaw: float  # degrees against the line of sight
    pose: Pose
    speed: float = 1.25  # metres a second

    @property
    def turn(self) -> float:
        """Degrees about the vertical, for `posing.pose`."""
        return self.yaw - float(np.degrees(np.arctan2(self.spot[0], self.spot[1])))


@dataclass(frozen=True)
class Shot:
    """How the camera takes a picture; one tracklet has one, but for the noise."""

    light: float
    warmth: np.ndarray  # (3,) factors of the channels
    milliseconds: float
    source_height: float
    sharp: float
    grain: float
    noise_seed: int
    quality: int
    fold_shift: float


@dataclass(frozen=True)
class Draft:
    """A crop before the body is posed."""

    camera: Camera
    moment: Moment
    shot: Shot
    others: tuple[Other, ...]
    box_noise: np.ndarray
    kind: str = "person"
    modality: str = "colour"
    least_visible: float = 0.35


@dataclass(frozen=True)
class Ask:
    """Which single picture of a person is wanted."""

    camera: Camera
    picture: int
    kind: str = "person"
    modality: str = "colour"


def crop_draws(world: Circumstances, camera: Camera, person: Person, picture: int, kind: str, modality: str) -> Draws:
    """The random streams of one crop; those of a colour crop do not depend on the other modalities."""
    own = (kind, person.index, camera.number, picture, *(() if modality == "colour" else (modality,)))
    return Draws(world.choice, (world.seed, world.style.name, "crop"), own)


def sample_crops(
    world: Circumstances, person: Person, rest: Rest, soles: np.ndarray, parents: np.ndarray, asks: Sequence[Ask]
) -> list[Crop]:
    """Everything about pictures of one person; each is a pure function of the world, the person and its `Ask`."""
    drafts = []
    for ask in asks:
        draws = crop_draws(world, ask.camera, person, ask.picture, ask.kind, ask.modality)
        when = draws
        if world.simultaneous:
            when = crop_draws(world, ask.camera, person, ask.picture, ask.kind, "colour")
        wanted = wanted_occluder(when, world.occlusion)
        spot, occluder = find_place(when, ask.camera, person.height, wanted)
        rng = when(YAW)
        direction, within = 10.0 * float(rng.integers(36)), between(rng, (-5.0, 5.0))
        if world.one_side:
            direction = shown_side(world, person, ask.camera) + direction % 50.0 - 20.0
        yaw = (when.number("yaw", direction, (0.0, 360.0)) + within) % 360.0
        drafts.append(
            Draft(
                camera=ask.camera,
                moment=Moment(spot, yaw, held_pose(when, world.style, person)),
                shot=sample_shot(draws, when, world.style),
                others=company(when, ask.camera, spot, occluder, world.crowd),
                box_noise=draws(BOX).standard_normal(4),
                kind=ask.kind,
                modality=ask.modality,
            )
        )
    return posed(person, rest, soles, parents, drafts)


def shown_side(world: Circumstances, person: Person, camera: Camera) -> float:
    """0 for a person whose front a camera sees, 180 for one whose back it sees: 156 and 256 of 412 in RegDB."""
    rng = Draws(world.choice, (world.seed, world.style.name, "side"), (person.index, camera.number))(YAW)
    return 0.0 if rng.random() < 156 / 412 else 180.0


def held_pose(draws: Draws, style: Style, person: Person) -> Pose:
    """The pose, with the parameters that are set."""
    drawn = sample_pose(draws(POSE), person.carry, style.standing)
    walking = bool(draws.number("walking", float(drawn.walking), (0, 1)))
    phase = draws.number("phase", drawn.phase, (0.0, 1.0))
    calls = [side for side in "LR" if drawn.carry.get(side) in ("phone", "ear")]
    phone = bool(draws.number("phone", float(bool(calls)), (0, 1)))
    carry = dict(drawn.carry)
    if phone and not calls:
        carry["R" if person.bag_side == "L" else "L"] = "phone"
    elif not phone:
        carry |= {side: person.carry.get(side, "") for side in calls}
    return replace(drawn, walking=walking, phase=phase, carry=carry)


def sample_shot(draws: Draws, when: Draws, style: Style) -> Shot:
    """Exposure, motion, resolution, noise and compression of a picture; what the cloth does `when` it is taken."""
    rng = draws(EXPOSURE)
    light = 1.0 + style.light_jitter * min(max(float(rng.standard_normal()), -2.5), 2.5)
    warmth = 1.0 + 0.012 * rng.standard_normal(3)
    milliseconds = float(np.exp(between(draws(MOTION), (1.1, 3.0))))
    rng = draws(RESOLUTION)
    low, share = rng.random() < LOW_RESOLUTION, float(np.exp(between(rng, (-1.2, -0.1))))
    rng = draws(GRAIN)
    sharp, grain, noise_seed = between(rng, (0.85, 1.2)), between(rng, (0.85, 1.2)), int(rng.integers(1, 2**29))
    quality = int(draws(JPEG).integers(style.sensor.jpeg[0], style.sensor.jpeg[1] + 1))
    return Shot(
        light=draws.number("light", light, (0.05, 5.0)),
        warmth=warmth,
        milliseconds=draws.number("exposure_ms", milliseconds, (0.0, 500.0)),
        source_height=draws.number("source_height", share if low else 0.0, (8.0, 2000.0)),
        sharp=sharp,
        grain=grain,
        noise_seed=noise_seed,
        quality=round(draws.number("jpeg", quality, (1, 100))),
        fold_shift=between(when(POSE), (0.0, 3.0)),
    )


def posed(person: Person, rest: Rest, soles: np.ndarray, parents: np.ndarray, drafts: Sequence[Draft]) -> list[Crop]:
    """Crops of one person from their drafts; all bodies are posed at once."""
    if not drafts:
        return []
    drafts = [sitting(draft) if draft.modality == "sketch" else draft for draft in drafts]
    spots = np.stack([draft.moment.spot for draft in drafts])
    turns = np.array([draft.moment.turn for draft in drafts])
    poses = pose_all(rest, parents, person.gait, [draft.moment.pose for draft in drafts], soles, turns)
    poses[:, :, :2, 3] += spots[:, None]
    ankles = poses[:, [BONES.index("foot.L"), BONES.index("foot.R")]]
    joints = np.stack([rest.joint("foot.L"), rest.joint("foot.R")])
    feet = (np.einsum("nkab,kb->nka", ankles[..., :3], joints) + ankles[..., 3])[..., :2]
    lit = np.ones(len(drafts), bool)
    for camera in {draft.camera.key: draft.camera for draft in drafts}.values():
        rows = [row for row, draft in enumerate(drafts) if draft.camera.key == camera.key]
        lit[rows] = in_sun(camera, spots[rows])
    return [
        compose(draft, rest, transforms, floor, bool(sun))
        for draft, transforms, floor, sun in zip(drafts, poses, feet, lit)
    ]


def sitting(draft: Draft) -> Draft:
    """The draft of a sketch: the whole person stands or walks before the artist, and nothing else is there."""
    moment = draft.moment
    held = replace(moment.pose, walking=moment.pose.walking and moment.pose.phase < 0.25)
    return replace(
        draft,
        camera=easel(draft.camera),
        moment=replace(moment, spot=np.array([0.0, 10.0]), yaw=10.0 * (int(moment.yaw / 10.0) % 7 - 3), pose=held),
        shot=replace(draft.shot, milliseconds=0.0, source_height=0.0),
        others=(),
        box_noise=0.3 * np.abs(draft.box_noise),
    )


def compose(draft: Draft, rest: Rest, transforms: np.ndarray, feet: np.ndarray, lit: bool) -> Crop:
    """The crop of a posed body."""
    camera, moment, shot, held = draft.camera, draft.moment, draft.shot, draft.moment.pose
    speed = moment.speed * float(held.walking)
    heading, step = np.radians(moment.turn), speed * shot.milliseconds / 1000.0
    return Crop(
        camera=camera,
        transforms=transforms,
        feet=feet,
        box_noise=draft.box_noise,
        box_kind=draft.kind,
        sun_visible=1.0 if lit else 0.12,
        fold_shift=shot.fold_shift,
        sensor=sensor_row(camera, shot.light * shot.warmth, shot.sharp, shot.grain),
        noise_seed=shot.noise_seed,
        jpeg_quality=shot.quality,
        columns={
            "yaw": round(moment.yaw / 10.0) % 36 * 10,
            **held.columns(),
            "speed": round(speed, 2),
            "distance": round(float(np.hypot(*moment.spot)), 2),
            "x": round(float(moment.spot[0]), 2),
            "y": round(float(moment.spot[1]), 2),
            "in_sun": int(lit),
            "light": round(shot.light, 3),
            "exposure_ms": round(shot.milliseconds, 1),
            "jpeg": shot.quality,
            **modality_columns(draft.modality, camera, shot.noise_seed),
        },
        modality=draft.modality,
        others=draft.others,
        rest=rest,
        motion=(float(np.sin(heading)) * step, -float(np.cos(heading)) * step),
        least_visible=draft.least_visible,
        source_height=shot.source_height,
    )


def sensor_row(camera: Camera, level: np.ndarray, sharp: float, grain: float) -> np.ndarray:
    """(SENSOR_COLUMNS,) row of the sensor table: `level` (3,) exposure of a channel, factors of blur and noise."""
    row = np.zeros(SENSOR_COLUMNS)
    row[0] = camera.blur * sharp
    row[1:4] = camera.gain * camera.exposure * level
    row[4], row[5], row[6], row[7] = camera.saturation, camera.gamma, camera.contrast, camera.black
    row[8] = camera.noise * grain
    taps = np.exp(-0.5 * ((np.arange(5) + 0.5) / row[0]) ** 2)
    row[9:14] = 0.5 * taps / taps.sum()
    row[19] = 1.0
    return row
