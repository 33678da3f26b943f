"""warp kernels of the camera: the lens' blur, then exposure, white balance, tone curve, noise and 8-bit rounding.

The columns of the sensor table are written by `crops.sample_crop`.
"""
# mypy: ignore-errors

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False, "fast_math": False})


@wp.kernel
def blur_across(image: wp.array3d(dtype=wp.vec4), sensor: wp.array2d(dtype=float), out: wp.array3d(dtype=wp.vec4)):
    """Horizontal half of the lens' Gaussian (ten taps from the sensor table), from supersampled columns to pixels."""
    c, y, x = wp.tid()
    last = image.shape[2] - 1
    total = wp.vec4(0.0, 0.0, 0.0, 0.0)
    for k in range(5):
        w = sensor[c, 9 + k]
        if w > 0.002:
            total = total + w * (image[c, y, wp.max(2 * x - k, 0)] + image[c, y, wp.min(2 * x + 1 + k, last)])
    out[c, y, x] = total


@wp.func
def grain(state: wp.uint32) -> float:
    """Noise of mean 0 and standard deviation 1 (a sum of three uniform draws)."""
    return 2.0 * (wp.randf(state) + wp.randf(state) + wp.randf(state) - 1.5)


@wp.func
def tone(x: float, gamma: float, contrast: float) -> float:
    """Display value of linear light: shoulder, gamma and contrast about the middle."""
    y = wp.max(x, 0.0)
    y = y * (1.0 + y / 6.0) / (1.0 + y * 0.55)
    y = wp.pow(y, gamma / 2.2)
    return 0.45 + (y - 0.45) * contrast


@wp.kernel
def develop(
    image: wp.array3d(dtype=wp.vec4),
    sensor: wp.array2d(dtype=float),
    seeds: wp.array(dtype=int),
    rgb: wp.array4d(dtype=wp.uint8),
    mask: wp.array3d(dtype=wp.uint8),
):
    """Vertical half of the blur, then exposure, white balance, saturation, tone curve, noise and 8-bit rounding."""
    c, y, x = wp.tid()
    last = image.shape[1] - 1
    total = wp.vec4(0.0, 0.0, 0.0, 0.0)
    for k in range(5):
        w = sensor[c, 9 + k]
        if w > 0.002:
            total = total + w * (image[c, wp.max(2 * y - k, 0), x] + image[c, wp.min(2 * y + 1 + k, last), x])
    red = total[0] * sensor[c, 1]
    green = total[1] * sensor[c, 2]
    blue = total[2] * sensor[c, 3]
    grey = 0.30 * red + 0.59 * green + 0.11 * blue
    saturation = sensor[c, 4]
    gamma = sensor[c, 5]
    contrast = sensor[c, 6]
    black = sensor[c, 7]
    amount = sensor[c, 8]
    state = wp.rand_init(seeds[c], y * 4096 + x)
    common = grain(state) * 0.6
    r = tone(grey + (red - grey) * saturation, gamma, contrast) + amount * (common + 0.8 * grain(state))
    g = tone(grey + (green - grey) * saturation, gamma, contrast) + amount * (common + 0.6 * grain(state))
    b = tone(grey + (blue - grey) * saturation, gamma, contrast) + amount * (common + 1.0 * grain(state))
    rgb[c, y, x, 0] = wp.uint8(wp.clamp((black + (1.0 - black) * r) * 255.0 + 0.5, 0.0, 255.0))
    rgb[c, y, x, 1] = wp.uint8(wp.clamp((black + (1.0 - black) * g) * 255.0 + 0.5, 0.0, 255.0))
    rgb[c, y, x, 2] = wp.uint8(wp.clamp((black + (1.0 - black) * b) * 255.0 + 0.5, 0.0, 255.0))
    mask[c, y, x] = wp.uint8(wp.clamp(total[3] * 255.0 + 0.5, 0.0, 255.0))
