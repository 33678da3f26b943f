"""warp functions of places: the albedo of procedural surfaces, such as masonry, shop windows and fittings."""
# mypy: ignore-errors

from __future__ import annotations

import warp as wp

from reidapt.world.procedural import hash2, noise, wrap

wp.set_module_options({"enable_backward": False, "fast_math": False})


@wp.func
def blocks(u: float, v: float, long: float, tall: float, seed: int) -> wp.vec3:
    """A running bond of `long` by `tall` metres: shares inside a block, and the block's own number in 0..1."""
    r = wp.floor(v / tall)
    x = u / long + 0.5 * (r - 2.0 * wp.floor(r / 2.0))
    return wp.vec3(wrap(x), wrap(v / tall), hash2(int(wp.floor(x)), int(r), seed))


@wp.func
def cells(u: float, v: float, wide: float, tall: float, seed: int) -> wp.vec3:
    """A grid of `wide` by `tall` metres: shares inside a cell, and the cell's own number in 0..1."""
    return wp.vec3(wrap(u / wide), wrap(v / tall), hash2(int(wp.floor(u / wide)), int(wp.floor(v / tall)), seed))


@wp.func
def vivid(k: float) -> wp.vec3:
    """A colour of packaging and print for a number in 0..1."""
    grey = 0.10 + 0.35 * wrap(k * 7.0)
    warm = wrap(k * 13.0)
    paint = wp.vec3(0.34, 0.08, 0.05)
    if warm > 0.35:
        paint = wp.vec3(0.38, 0.30, 0.10)
    if warm > 0.55:
        paint = wp.vec3(0.07, 0.13, 0.28)
    if warm > 0.70:
        paint = wp.vec3(0.09, 0.20, 0.08)
    if warm > 0.85:
        paint = wp.vec3(0.42, 0.40, 0.36)
    share = 0.25 + 0.65 * wrap(k * 29.0)
    return paint * share + wp.vec3(grey, grey, grey) * (1.0 - share)


@wp.func
def opaque(colour: wp.vec3, glow: float) -> wp.vec4:
    return wp.vec4(colour[0], colour[1], colour[2], glow)


@wp.func
def house(base: wp.vec3, second: wp.vec3, u: float, v: float, scale: float, seed: int) -> wp.vec4:
    """A house front with rows of windows, some with blinds, some lit at night."""
    a = wrap(u / (1.8 * scale))
    b = wrap(v / (2.6 * scale) + 0.75)
    wall = base * (0.82 + 0.18 * noise(u * 1.3, v * 1.3, seed) + 0.12 * noise(u * 23.0, v * 23.0, seed + 1))
    if a > 0.22 and a < 0.78 and b > 0.30 and b < 0.80:
        if wp.abs(a - 0.5) < 0.02 or wp.abs(b - 0.58) < 0.012:
            return opaque(base * 0.7, 0.0)
        k = hash2(int(wp.floor(u / (1.8 * scale))), int(wp.floor(v / (2.6 * scale) + 0.75)), seed)
        pane = second * (0.5 + 0.9 * k) * (0.75 + 0.5 * b)
        if b > 0.80 - 0.4 * wrap(k * 7.0) and k > 0.45:
            pane = wp.vec3(0.42, 0.40, 0.36) * (0.6 + 0.5 * k)
        if wrap(k * 19.0) > 0.62:
            return opaque(pane * 0.4 + wp.vec3(0.25, 0.19, 0.12), 1.0)
        return opaque(pane, 0.0)
    if a > 0.19 and a < 0.81 and b > 0.27 and b < 0.83:
        return opaque(base * 1.2, 0.0)
    if b < 0.05:
        return opaque(base * 0.72, 0.0)
    return opaque(wall, 0.0)


@wp.func
def shop(base: wp.vec3, second: wp.vec3, u: float, v: float, scale: float, seed: int) -> wp.vec4:
    """A row of shop fronts: sign band, pillars and display windows with things in them."""
    width = 3.2 * scale
    k = hash2(int(wp.floor(u / width)), 5, seed)
    a = wrap(u / width)
    if v > 3.5:
        return house(second * 0.9 + wp.vec3(0.10, 0.09, 0.08), wp.vec3(0.07, 0.09, 0.12), u, v, 1.1, seed)
    if v > 2.7:
        colour = (base * (0.4 + 0.8 * k) + second * (0.6 * (1.0 - k))) * (0.85 + 0.2 * noise(u * 0.7, v * 3.0, seed))
        if v > 2.85 and v < 3.15 and a > 0.25 and a < 0.75 and noise(u * 9.0, v * 3.0, seed) > 0.42:
            return wp.vec4(0.85, 0.83, 0.78, 0.8)
        return wp.vec4(colour[0], colour[1], colour[2], 0.15)
    if a < 0.05 or v < 0.30:
        colour = second * (0.7 + 0.3 * noise(u * 3.0, v * 2.0, seed))
        return wp.vec4(colour[0], colour[1], colour[2], 0.0)
    warm = wp.vec3(0.34 + 0.20 * k, 0.31 + 0.12 * k, 0.26) * (0.5 + 0.4 * v / 2.7)
    colour = warm
    if k < 0.35 and a > 0.60 and a < 0.90:  # the entrance
        colour = wp.vec3(0.10, 0.095, 0.09) * (0.6 + v * 0.6)
        if wp.abs(a - 0.75) < 0.012 or v > 2.2:
            colour = second * 0.8
    else:
        bay = cells(u, v, 0.42 + 0.3 * k, 0.62, seed + 3)
        if bay[1] > 0.93:
            colour = warm * 0.35
        elif bay[1] < 0.25 + 0.65 * bay[2] and wp.abs(bay[0] - 0.5) < 0.18 + 0.3 * wrap(bay[2] * 5.0):
            colour = vivid(bay[2]) * (0.55 + 0.5 * noise(u * 11.0, v * 11.0, seed))
        elif bay[2] > 0.75:
            colour = vivid(wrap(bay[2] * 17.0)) * 0.9
    glare = wp.max(noise(u * 0.7 + v * 0.5, v * 0.2, seed + 8) - 0.5, 0.0)
    colour = colour * 0.85 + wp.vec3(0.30, 0.32, 0.35) * glare
    return wp.vec4(colour[0], colour[1], colour[2], 0.7)


@wp.func
def masonry(kind: int, base: wp.vec3, second: wp.vec3, u: float, v: float, scale: float, seed: int) -> wp.vec4:
    """Walls and floors of laid pieces: brick, tiles, planks, paving, terrazzo, panels, concrete, corrugated metal."""
    colour = base
    if kind == 1:
        b = blocks(u, v, 0.24 * scale, 0.075 * scale, seed)
        colour = base * (0.70 + 0.55 * b[2])
        if b[0] < 0.06 or b[1] < 0.16:
            colour = second
    elif kind == 3:
        b = cells(u, v, scale, scale, seed)
        colour = base * (0.84 + 0.24 * b[2] + 0.10 * (noise(u * 5.0, v * 5.0, seed) - 0.5))
        if b[0] < 0.025 or b[1] < 0.025:
            colour = second
    elif kind == 4:
        b = cells(u, 0.0, 0.14 * scale, 1.0, seed)
        colour = base * (0.70 + 0.45 * b[2]) * (0.85 + 0.3 * noise(u * 8.0, v * 0.7, seed))
        if b[0] < 0.06:
            colour = second
    elif kind == 10:
        b = blocks(u, v, 0.60 * scale, 0.30 * scale, seed)
        colour = base * (0.72 + 0.42 * b[2]) + (second - base) * (0.35 * noise(u * 0.5, v * 0.5, seed))
        colour = colour * (0.9 + 0.2 * noise(u * 13.0, v * 13.0, seed + 5))
        if b[0] < 0.03 or b[1] < 0.05:
            colour = colour * 0.55
    elif kind == 12:
        b = cells(u, v, 1.2 * scale, 1.2 * scale, seed)
        colour = base * (0.82 + 0.34 * noise(u * 45.0, v * 45.0, seed)) * (0.95 + 0.1 * b[2])
        if b[0] < 0.012 or b[1] < 0.012:
            colour = second
    elif kind == 15:
        b = cells(u, v, 1.1 * scale, 2.4 * scale, seed)
        colour = base * (0.88 + 0.2 * b[2])
        if b[0] < 0.014 or b[1] < 0.008:
            colour = base * 0.4
    elif kind == 19:  # cast concrete: boards, joints and tie holes
        b = cells(u, v, 1.8 * scale, 0.9 * scale, seed)
        board = noise(u * 0.6, v * 9.0, seed)
        colour = base * (0.78 + 0.18 * b[2] + 0.16 * board)
        if b[0] < 0.010 or b[1] < 0.018:
            colour = base * 0.5
        if wp.length(wp.vec2((wp.abs(b[0] - 0.5) - 0.3) * 1.8, (b[1] - 0.5) * 0.9)) < 0.035:
            colour = base * 0.35
    elif kind == 21:  # corrugated metal
        a = wrap(u / (0.12 * scale))
        colour = base * (0.65 + 0.5 * wp.abs(a - 0.4))
        if wrap(v / 2.1) < 0.015:
            colour = base * 0.4
    elif kind == 25:  # treads of a moving stair, light edges
        b = cells(u, v, 1.0, 0.32, seed)
        colour = base * (0.55 + 0.5 * wrap(u / 0.03)) * (0.6 + 0.5 * b[1])
        if b[1] < 0.12:
            colour = second
    return wp.vec4(colour[0], colour[1], colour[2], 0.0)


@wp.func
def daylight(base: wp.vec3, u: float, v: float, scale: float, seed: int) -> wp.vec4:
    """A large window seen from indoors: sky above something green, and mullions."""
    b = cells(u + 0.5, v, 0.9 * scale, 1.3 * scale, seed)
    if b[0] < 0.06 or b[1] < 0.05:
        return opaque(base, 0.0)
    beyond = noise(u * 0.8, v * 0.9, seed)
    if v < 1.2 + 0.7 * beyond:
        return opaque(wp.vec3(0.30, 0.36, 0.28) * (0.5 + 0.8 * beyond), 1.0)
    return opaque(wp.vec3(0.80, 0.86, 0.92) * (0.6 + 0.4 * wp.min(v / 2.0, 1.0)), 1.0)


@wp.func
def fittings(kind: int, base: wp.vec3, second: wp.vec3, u: float, v: float, scale: float, seed: int) -> wp.vec4:
    """Glass, print and fittings: windows, doors, posters, signs, shelves, boards, shutters."""
    if kind == 2:
        return house(base, second, u, v, scale, seed)
    if kind == 18:
        return daylight(base, u, v, scale, seed)
    if kind == 6:
        b = cells(u, v, 1.25 * scale, 2.4 * scale, seed)
        if b[0] < 0.04 or b[1] < 0.03:
            return opaque(second, 0.0)
        return opaque(base * (0.5 + 0.9 * noise(u * 0.6 + v * 0.3, v * 0.35, seed) + 0.3 * b[2]), 0.15)
    if kind == 7:
        b = cells(u, v, 0.9 * scale, 1.2 * scale, seed)
        n = noise(u * 3.0, v * 3.0, seed)
        if wrap(v / 0.16) < 0.25 and b[1] > 0.6 and noise(u * 14.0, v * 6.0, seed + 2) > 0.35:
            return opaque(wp.vec3(0.75, 0.75, 0.75), 0.4)
        if n > 0.62:
            return opaque(vivid(b[2]), 0.4)
        return opaque(base * (0.3 + b[2]) + second * wp.max(0.0, n - 0.3), 0.4)
    if kind == 8:
        return opaque(
            base * (0.66 + 0.4 * wrap(v / (0.11 * scale))) * (0.85 + 0.3 * noise(u * 1.5, v * 3.0, seed)), 0.0
        )
    if kind == 14:
        b = wp.vec3(wrap(v / 1.05), wrap(wp.abs(u) / 0.45), 0.0)
        if b[0] > 0.12 and b[0] < 0.88 and b[1] > 0.12 and b[1] < 0.88:
            return opaque(second * (0.8 + 0.4 * noise(u * 0.9, v * 0.9, seed)), 0.0)
        return opaque(base * (0.9 + 0.2 * noise(u * 9.0, v * 1.0, seed)), 0.0)
    if kind == 22:  # a sign with lettering
        b = cells(u, v, 0.16 * scale, 0.24 * scale, seed)
        if b[1] > 0.25 and b[1] < 0.8 and b[2] > 0.22 and noise(u * 30.0 / scale, v * 22.0 / scale, seed) > 0.42:
            return opaque(second, 0.6)
        return opaque(base, 0.4)
    if kind == 23:  # shelves with goods
        b = cells(u, v, 0.11 + 0.12 * scale, 0.36 * scale, seed)
        if b[1] > 0.92:
            return opaque(second, 0.0)
        if b[1] < 0.45 + 0.45 * b[2] and b[0] > 0.05:
            return opaque(vivid(b[2]) * (0.7 + 0.5 * noise(u * 24.0, v * 24.0, seed)), 0.0)
        return opaque(base * 0.5, 0.0)
    b = cells(u, v, 0.09 * scale, 0.12 * scale, seed)  # a board with lines of light
    if b[1] > 0.3 and b[1] < 0.75 and b[2] > 0.35 and noise(u * 40.0, v * 20.0, seed) > 0.4:
        return opaque(second, 1.0)
    return opaque(base, 0.0)


@wp.func
def surface(kind: int, base: wp.vec3, second: wp.vec3, u: float, v: float, scale: float, seed: int) -> wp.vec4:
    """Albedo of a procedural surface at (u, v) metres, and the share 0..1 of it that glows when the lights are on."""
    if kind == 16:
        return shop(base, second, u, v, scale, seed)
    if (
        kind == 2
        or kind == 6
        or kind == 7
        or kind == 8
        or kind == 14
        or kind == 18
        or kind == 22
        or kind == 23
        or kind == 26
    ):
        return fittings(kind, base, second, u, v, scale, seed)
    colour = base
    if kind == 5:
        n = 0.5 * noise(u * 10.0 / scale, v * 10.0 / scale, seed) + 0.5 * noise(
            u * 27.0 / scale, v * 27.0 / scale, seed + 1
        )
        colour = base * (0.20 + 1.3 * n) + second * (0.6 * wp.max(n - 0.55, 0.0))
    elif kind == 9:
        n = noise(u * 0.35, v * 0.35, seed)
        colour = base * (0.72 + 0.3 * n + 0.28 * noise(u * 40.0, v * 40.0, seed + 2))
        crack = wp.abs(noise(u * 0.9, v * 0.9, seed + 6) - 0.5)
        if crack < 0.010 and n > 0.45:
            colour = colour * 0.6
        if noise(u * 0.22, v * 0.22, seed + 9) > 0.72:  # a mended patch
            colour = colour * 0.75
    elif kind == 11:
        n = 0.5 * noise(u * 2.0, v * 2.0, seed) + 0.5 * noise(u * 30.0, v * 30.0, seed + 4)
        colour = base * (0.45 + 0.95 * n) + second * (0.3 * wp.max(0.0, noise(u * 0.6, v * 0.6, seed + 1) - 0.5))
    elif kind == 0 or kind == 13 or kind == 17 or kind == 20 or kind == 24:
        n = noise(u * 1.7, v * 1.7, seed)
        colour = base * (0.86 + 0.16 * n + 0.10 * noise(u * 9.0, v * 9.0, seed + 1))
        if kind == 20:  # rough plaster
            colour = base * (0.74 + 0.22 * n + 0.28 * noise(u * 28.0, v * 28.0, seed + 1))
        elif kind == 24:  # bark
            colour = base * (0.5 + 0.9 * noise(u * 22.0, v * 5.0, seed))
    else:
        return masonry(kind, base, second, u, v, scale, seed)
    return wp.vec4(colour[0], colour[1], colour[2], 0.0)
