"""warp kernels of the camera: lens and motion blur, then exposure, white balance, tone curve, noise and 8-bit rounding.

Columns of the sensor table, written by `crops.sensor_row`: 0 blur in half pixels; 1-3 gain; 4 saturation; 5 gamma;
6 contrast; 7 black; 8 noise; 9-13 taps of the blur; 14-15 motion of the person while the shutter is open, in pixels
to the right and down; 16 what the picture holds (`COLOUR`, `GREY`, `LINEAR`); 17 sharpening by the camera; 18 noise of
the colour, in patches of two pixels; 19 half pixels between two taps of the blur.
"""
# mypy: ignore-errors

from __future__ import annotations

import numpy as np
import warp as wp

wp.set_module_options({"enable_backward": False, "fast_math": False})

COLOUR = wp.constant(0)
GREY = wp.constant(1)
"""One channel with the tone curve of a camera (near infrared)."""
LINEAR = wp.constant(2)
"""One channel that is displayed as it is (thermal)."""


@wp.kernel
def blur_across(
    image: wp.array3d(dtype=wp.vec4), sensor: wp.array2d(dtype=float), chunk: int, out: wp.array3d(dtype=wp.vec4)
):
    """Horizontal half of the lens' Gaussian (ten taps from the sensor table), from supersampled columns to pixels."""
    c, y, part = wp.tid()
    last = image.shape[2] - 1
    step = int(sensor[c, 19])
    for x in range(part * chunk, wp.min((part + 1) * chunk, out.shape[2])):
        total = sensor[c, 9] * (image[c, y, 2 * x] + image[c, y, 2 * x + 1])
        for k in range(1, 5):
            w = sensor[c, 9 + k]
            if w > 0.002:
                far = k * step
                total = total + w * (image[c, y, wp.max(2 * x - far, 0)] + image[c, y, wp.min(2 * x + 1 + far, last)])
        out[c, y, x] = total


@wp.kernel
def blur_down(
    image: wp.array3d(dtype=wp.vec4), sensor: wp.array2d(dtype=float), chunk: int, out: wp.array3d(dtype=wp.vec4)
):
    """Vertical half of the blur, from supersampled rows to pixels."""
    c, y, part = wp.tid()
    last = image.shape[1] - 1
    step = int(sensor[c, 19])
    for x in range(part * chunk, wp.min((part + 1) * chunk, out.shape[2])):
        total = sensor[c, 9] * (image[c, 2 * y, x] + image[c, 2 * y + 1, x])
        for k in range(1, 5):
            w = sensor[c, 9 + k]
            if w > 0.002:
                far = k * step
                total = total + w * (image[c, wp.max(2 * y - far, 0), x] + image[c, wp.min(2 * y + 1 + far, last), x])
        out[c, y, x] = total


@wp.func
def smeared(image: wp.array3d(dtype=wp.vec4), c: int, y: int, x: int, right: float, down: float) -> wp.vec4:
    """Mean along the person's motion; the background stands still."""
    here = image[c, y, x]
    total = here
    for k in range(1, 4):
        for side in range(2):
            t = float(k) / 6.0 * float(1 - 2 * side)
            tx = wp.clamp(int(wp.floor(float(x) + t * right + 0.5)), 0, image.shape[2] - 1)
            ty = wp.clamp(int(wp.floor(float(y) + t * down + 0.5)), 0, image.shape[1] - 1)
            there = image[c, ty, tx]
            if there[3] < 0.01 and here[3] < 0.01:
                there = here
            total = total + there
    return total / 7.0


@wp.func
def grain(state: wp.uint32) -> float:
    """Noise of mean 0 and standard deviation 1: the sum of the four bytes of one draw."""
    bits = wp.randu(state)
    low = wp.uint32(0xFF)
    total = (bits & low) + ((bits >> wp.uint32(8)) & low) + ((bits >> wp.uint32(16)) & low) + (bits >> wp.uint32(24))
    return (float(total) - 510.0) / 147.8


CURVE = 512
"""Points of a tone curve, at light 0 .. `BRIGHTEST` in equal steps of its square root."""
BRIGHTEST = wp.constant(9.0)


def tone_curves(sensor: np.ndarray) -> np.ndarray:
    """(C, CURVE) float32: display value of linear light by shoulder, gamma and contrast about the middle."""
    x = BRIGHTEST * np.linspace(0.0, 1.0, CURVE) ** 2
    y = x * (1.0 + x / 6.0) / (1.0 + x * 0.55)
    gamma, contrast = sensor[:, 5:6], sensor[:, 6:7]
    return (0.45 + (y ** (gamma / 2.2) - 0.45) * contrast).astype(np.float32)


@wp.func
def tone(curves: wp.array2d(dtype=float), c: int, x: float) -> float:
    """Display value of linear light on the crop's tone curve."""
    last = curves.shape[1] - 1
    place = wp.sqrt(wp.clamp(x / BRIGHTEST, 0.0, 1.0)) * float(last)
    k = wp.min(int(place), last - 1)
    share = place - float(k)
    return curves[c, k] * (1.0 - share) + curves[c, k + 1] * share


@wp.func
def eight_bits(x: float, black: float) -> wp.uint8:
    return wp.uint8(wp.clamp((black + (1.0 - black) * x) * 255.0 + 0.5, 0.0, 255.0))


@wp.kernel
def develop(
    image: wp.array3d(dtype=wp.vec4),
    sensor: wp.array2d(dtype=float),
    curves: wp.array2d(dtype=float),
    seeds: wp.array(dtype=int),
    chunk: int,
    rgb: wp.array4d(dtype=wp.uint8),
    mask: wp.array3d(dtype=wp.uint8),
):
    """Motion blur, sharpening, exposure, white balance, saturation, tone curve, noise and 8-bit rounding."""
    c, y, part = wp.tid()
    last_row = image.shape[1] - 1
    last_column = image.shape[2] - 1
    right = sensor[c, 14]
    down = sensor[c, 15]
    saturation = sensor[c, 4]
    black = sensor[c, 7]
    amount = sensor[c, 8]
    kind = int(sensor[c, 16])
    sharpening = sensor[c, 17]
    for x in range(part * chunk, wp.min((part + 1) * chunk, image.shape[2])):
        total = image[c, y, x]
        if right * right + down * down > 0.4:
            total = smeared(image, c, y, x, right, down)
        mask[c, y, x] = wp.uint8(wp.clamp(total[3] * 255.0 + 0.5, 0.0, 255.0))
        if sharpening > 0.0:
            around = (
                image[c, y, wp.max(x - 1, 0)]
                + image[c, y, wp.min(x + 1, last_column)]
                + image[c, wp.max(y - 1, 0), x]
                + image[c, wp.min(y + 1, last_row), x]
            )
            more = total + sharpening * (image[c, y, x] - 0.25 * around)
            total = wp.max(more, 0.4 * total)
        state = wp.rand_init(seeds[c], y * 4096 + x)
        if kind == COLOUR:
            red = total[0] * sensor[c, 1]
            green = total[1] * sensor[c, 2]
            blue = total[2] * sensor[c, 3]
            grey = 0.30 * red + 0.59 * green + 0.11 * blue
            common = grain(state) * 0.6
            r = tone(curves, c, grey + (red - grey) * saturation) + amount * (common + 0.8 * grain(state))
            g = tone(curves, c, grey + (green - grey) * saturation) + amount * (common + 0.6 * grain(state))
            b = tone(curves, c, grey + (blue - grey) * saturation) + amount * (common + 1.0 * grain(state))
            if sensor[c, 18] > 0.0:
                patch = wp.rand_init(seeds[c] + 1, (y // 2) * 4096 + x // 2)
                warm = sensor[c, 18] * grain(patch)
                pink = sensor[c, 18] * grain(patch)
                r = r + warm + 0.5 * pink
                g = g - 0.5 * pink
                b = b - warm + 0.5 * pink
            rgb[c, y, x, 0] = eight_bits(r, black)
            rgb[c, y, x, 1] = eight_bits(g, black)
            rgb[c, y, x, 2] = eight_bits(b, black)
        else:
            value = total[0] * sensor[c, 1]
            if kind == GREY:
                value = tone(curves, c, value)
            value = value + amount * (0.8 * grain(state) + 0.6 * grain(wp.rand_init(seeds[c] + 1, y)) * 0.3)
            level = eight_bits(value, black)
            rgb[c, y, x, 0] = level
            rgb[c, y, x, 1] = level
            rgb[c, y, x, 2] = level
