"""warp kernels that give people colour: cloth patterns, faces, light, and the shadow on the floor."""
# mypy: ignore-errors
# ruff: noqa: UP018, SIM102

from __future__ import annotations

import warp as wp

from reidapt.world.kernels import EMPTY, edge, key_actor, key_depth, key_other, key_triangle
from reidapt.world.procedural import noise, wrap

wp.set_module_options({"enable_backward": False, "fast_math": False})


@wp.func
def row3(palette: wp.array3d(dtype=float), p: int, m: int, k: int) -> wp.vec3:
    return wp.vec3(palette[p, m, k], palette[p, m, k + 1], palette[p, m, k + 2])


@wp.func
def cloth_colour(palette: wp.array3d(dtype=float), p: int, m: int, u: float, v: float, back: float) -> wp.vec3:
    """Albedo of cloth at `u`, `v` metres; `back` > 0.5 on the wearer's back."""
    base = row3(palette, p, m, 0)
    second = row3(palette, p, m, 3)
    third = row3(palette, p, m, 6)
    pattern = int(palette[p, m, 9])
    period = wp.max(palette[p, m, 10], 0.01)
    phase = palette[p, m, 16]
    seed = int(phase * 1000.0)
    tall = palette[p, m, 18]
    colour = base
    if pattern == 1:
        if wrap(v / period) < 0.25 + 0.25 * wrap(phase):
            colour = second
    elif pattern == 2:
        if wrap(u / period) < 0.22:
            colour = base * 0.5 + second * 0.5
    elif pattern == 3:
        a = wrap(u / period)
        b = wrap(v / period)
        wide = 0.0
        if a < 0.42:
            wide = wide + 0.5
        if b < 0.42:
            wide = wide + 0.5
        colour = base * (1.0 - wide) + second * wide
        if wp.abs(a - 0.7) < 0.05 or wp.abs(b - 0.7) < 0.05:
            colour = third * 0.7 + colour * 0.3
    elif pattern == 4:
        if v > period:
            colour = second
            if v > period + 0.10 and wrap(phase * 3.0) < 0.4:
                colour = third
    elif pattern == 5:
        n = noise(u * 14.0 + phase, v * 14.0, seed)
        n2 = noise(u * 25.0 - phase, v * 25.0, seed + 7)
        if n > 0.60:
            colour = second
        elif n2 > 0.70:
            colour = third
    elif pattern == 6:
        n = noise(u * 60.0, v * 25.0, seed)
        colour = base * (0.70 + 0.6 * n)
    elif pattern == 7:
        n = 0.65 * noise(u * 9.0, v * 7.0, seed) + 0.35 * noise(u * 20.0, v * 18.0, seed + 3)
        if n > 0.60:
            colour = second * 0.6 + base * 0.1
        elif n < 0.40:
            colour = base * 0.45
    elif pattern == 8:
        a = wrap(u / period) - 0.5
        b = wrap(v / period + 0.5 * wp.floor(u / period)) - 0.5
        if a * a + b * b < 0.06:
            colour = second
    elif pattern == 9:  # from the top's colour to the hem's
        share = wp.clamp((v - 0.12) / period, 0.0, 1.0)
        colour = base * (1.0 - share) + second * share
    front = int(palette[p, m, 11])
    if back < 0.5:
        if front == 1:  # small mark on the chest
            if wp.abs(u - 0.075) < 0.035 and wp.abs(v - 0.21) < 0.03:
                colour = second
        elif front == 5:  # printed picture
            du = u / 0.13
            dv = (v - 0.30) / (0.09 + 0.06 * wrap(phase))
            if du * du * du * du + dv * dv * dv * dv < 1.0:
                n = noise(u * 30.0 + phase, v * 30.0, seed + 5)
                colour = second
                if n > 0.55:
                    colour = third
        elif front == 2:  # open: what is worn under it
            opening = 0.030 + 0.055 * wrap(phase * 7.0) + 0.05 * wp.max(v - 0.35, 0.0)
            if v < 0.30:
                opening = opening * (0.75 + 0.8 * wp.max(0.22 - v, 0.0))
            if wp.abs(u) < opening:
                colour = row3(palette, p, m, 19)
                if palette[p, m, 23] > 0.5 and wrap(v / 0.06) < 0.4:
                    colour = colour * 0.45
            elif wp.abs(u) < opening + 0.012:
                colour = colour * 0.55
        elif front == 3:
            if wp.abs(u) < 0.008:
                colour = colour * 0.35 + second * 0.25
        elif front == 4:
            if wp.abs(u) < 0.016:
                colour = colour * 0.82
                if wrap(v / 0.085) < 0.16:
                    colour = colour * 0.4 + second * 0.4
    elif palette[p, m, 12] > 0.5 and palette[p, m, 12] < 1.5 and (front == 5 or front == 1):
        if wp.abs(u) > 0.0 and wp.abs(v - 0.26) < 0.06:
            n = noise(u * 26.0 + phase, v * 26.0, seed + 9)
            if n > 0.4:
                colour = second
    if palette[p, m, 13] > 0.5:
        if v > tall - 0.045:
            colour = second
    if palette[p, m, 12] > 1.5:  # denim worn at the thighs
        fade = wp.exp(-wp.pow((v - 0.40) / 0.20, 2.0)) * wp.max(0.0, 1.0 - back * 1.4)
        colour = colour * (0.92 + 0.45 * fade) * (0.93 + 0.14 * noise(u * 50.0, v * 14.0, seed))
    if palette[p, m, 14] > 0.5:
        if wp.abs(wp.abs(u) - 0.125) < 0.014:
            colour = second
    return colour


@wp.func
def skin_colour(palette: wp.array3d(dtype=float), p: int, x: float, z: float) -> wp.vec3:
    """Skin; around the eyes a face. `x`, `z` metres beside and above the middle of the eyes."""
    base = row3(palette, p, 0, 0)
    hair = row3(palette, p, 0, 3)
    if x > 5.0:
        return base
    side = wp.abs(x)
    colour = base
    eye = wp.exp(-(wp.pow((side - 0.031) / 0.013, 2.0) + wp.pow((z + 0.001) / 0.008, 2.0)))
    brow = wp.exp(-(wp.pow((side - 0.033) / 0.018, 2.0) + wp.pow((z - 0.021) / 0.005, 2.0)))
    socket = wp.exp(-(wp.pow((side - 0.031) / 0.022, 2.0) + wp.pow((z - 0.006) / 0.018, 2.0)))
    mouth = wp.exp(-(wp.pow(side / 0.022, 2.0) + wp.pow((z + 0.068) / 0.007, 2.0)))
    nose = wp.exp(-(wp.pow(side / 0.014, 2.0) + wp.pow((z + 0.044) / 0.008, 2.0)))
    colour = colour * (1.0 - 0.30 * socket) * (1.0 - 0.25 * nose)
    colour = colour * (1.0 - 0.80 * eye) + wp.vec3(0.01, 0.01, 0.01) * (0.80 * eye)
    colour = colour * (1.0 - 0.65 * brow) + hair * (0.65 * brow)
    lips = wp.vec3(base[0] * 0.80, base[1] * 0.42, base[2] * 0.42)
    colour = colour * (1.0 - 0.7 * mouth) + lips * (0.7 * mouth)
    beard = palette[p, 0, 10]
    if beard > 0.0:
        jaw = wp.clamp((-0.045 - z) / 0.015, 0.0, 1.0) * wp.clamp((z + 0.125) / 0.01, 0.0, 1.0)
        amount = beard * jaw * (1.0 - 0.6 * mouth)
        colour = colour * (1.0 - amount) + hair * amount
    return colour


@wp.func
def sample_frame(frames: wp.array3d(dtype=wp.vec4), k: int, u: float, v: float, height: int, width: int) -> wp.vec4:
    x = wp.clamp(u - 0.5, 0.0, float(width) - 1.001)
    y = wp.clamp(v - 0.5, 0.0, float(height) - 1.001)
    ix = int(x)
    iy = int(y)
    fx = x - float(ix)
    fy = y - float(iy)
    a = frames[k, iy, ix] * (1.0 - fx) + frames[k, iy, ix + 1] * fx
    b = frames[k, iy + 1, ix] * (1.0 - fx) + frames[k, iy + 1, ix + 1] * fx
    colour = a * (1.0 - fy) + b * fy
    near = frames[k, int(y + 0.5), int(x + 0.5)]
    return wp.vec4(colour[0], colour[1], colour[2], near[3])


@wp.func
def shade_person(
    c: int,
    x: int,
    y: int,
    z: float,
    t: int,
    eye: wp.vec3,
    place: wp.array2d(dtype=wp.vec3),
    turned: wp.array2d(dtype=wp.vec3),
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    materials: wp.array(dtype=int),
    uv: wp.array(dtype=wp.vec2),
    light: wp.array(dtype=float),
    vertices: wp.array(dtype=wp.vec3),
    crops: wp.array2d(dtype=int),
    palette: wp.array3d(dtype=float),
    view: wp.array2d(dtype=float),
) -> wp.vec3:
    """Linear RGB of triangle `t` of crop `c` at pixel (x, y) and depth `z`."""
    sun = wp.vec3(view[c, 19], view[c, 20], view[c, 21])
    sun_colour = wp.vec3(view[c, 22], view[c, 23], view[c, 24])
    sky = wp.vec3(view[c, 25], view[c, 26], view[c, 27])
    bounce = view[c, 28]
    row = crops[c, 2] + t
    corner = triangles[row]
    ia = corner[0]
    ib = corner[1]
    ic = corner[2]
    a = screen[c, ia]
    b = screen[c, ib]
    d = screen[c, ic]
    px = float(x) + 0.5
    py = float(y) + 0.5
    area = edge(a, b, d[0], d[1])
    wa = edge(b, d, px, py) / area * z / a[2]
    wb = edge(d, a, px, py) / area * z / b[2]
    wc = 1.0 - wa - wb
    first = crops[c, 0]
    n = wp.normalize(wa * turned[c, ia] + wb * turned[c, ib] + wc * turned[c, ic])
    p = wa * place[c, ia] + wb * place[c, ib] + wc * place[c, ic]
    cloth = wa * uv[first + ia] + wb * uv[first + ib] + wc * uv[first + ic]
    rest = wa * vertices[first + ia] + wb * vertices[first + ib] + wc * vertices[first + ic]
    open_light = wa * light[first + ia] + wb * light[first + ib] + wc * light[first + ic]
    to_eye = wp.normalize(eye - p)
    inside = wp.dot(n, to_eye) < -0.15
    if inside:
        n = -n
    m = materials[row]
    pal = crops[c, 4]
    albedo = row3(palette, pal, m, 0)
    phase = palette[pal, m, 16]
    seed = int(phase * 1000.0) + 11
    folds = float(1.0)
    if m == 0:
        albedo = skin_colour(palette, pal, cloth[0], cloth[1])
    elif m == 1 or m == 2 or m == 4:
        behind = float(0.0)
        if wp.abs(cloth[0]) > view[c, 36]:
            behind = 1.0
        albedo = cloth_colour(palette, pal, m, cloth[0], cloth[1], behind)
        shift = view[c, 29]
        f = noise(cloth[0] * 9.0 + 2.5 * cloth[1] + shift, cloth[1] * 5.0 - 1.5 * cloth[0], seed)
        f2 = noise(cloth[0] * 5.0 - 6.0 * cloth[1], cloth[1] * 14.0 + 3.0 * cloth[0] + shift, seed + 1)
        folds = 1.0 + view[c, 37] * ((f - 0.5) * 0.9 + (f2 - 0.5) * 0.7)
    elif m == 5:
        if cloth[1] < palette[pal, m, 10]:
            albedo = row3(palette, pal, m, 3)
    elif m == 6:
        streak = noise(cloth[0] * 320.0, cloth[1] * 7.0, seed)
        albedo = albedo * (0.65 + 0.7 * streak)
    elif m == 8:
        if wrap(cloth[1] / 0.21) < 0.10:
            albedo = row3(palette, pal, m, 3)
    elif m == 7:
        albedo = albedo * (0.9 + 0.2 * noise(rest[0] * 120.0, rest[2] * 120.0, seed))
    if inside:
        open_light = open_light * wp.where(m == 3, 0.65, 0.35)
    wrapped = wp.max(0.0, (wp.dot(n, sun) + 0.25) / 1.25)
    up = 0.5 + 0.5 * n[2]
    ambient = (sky * up + sky * (bounce * (1.0 - up))) * open_light
    lit = sun_colour * (wrapped * view[c, 38] * wp.min(1.0, 0.35 + open_light * 0.65))
    half = wp.normalize(sun + to_eye)
    shine = wp.pow(wp.max(wp.dot(n, half), 0.0), 24.0) * view[c, 38] * palette[pal, m, 15] * view[c, 39]
    rim = wp.pow(1.0 - wp.max(wp.dot(n, to_eye), 0.0), 3.0) * 0.06
    radiance = wp.cw_mul(albedo, ambient + lit) * folds + sun_colour * shine + sky * rim * open_light * 0.5
    return radiance


@wp.kernel
def shade(
    keys: wp.array3d(dtype=wp.uint64),
    shadow: wp.array3d(dtype=wp.uint8),
    place: wp.array2d(dtype=wp.vec3),
    turned: wp.array2d(dtype=wp.vec3),
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    materials: wp.array(dtype=int),
    uv: wp.array(dtype=wp.vec2),
    light: wp.array(dtype=float),
    vertices: wp.array(dtype=wp.vec3),
    crops: wp.array2d(dtype=int),
    palette: wp.array3d(dtype=float),
    view: wp.array2d(dtype=float),
    frames: wp.array3d(dtype=wp.vec4),
    frame_height: int,
    frame_width: int,
    out: wp.array3d(dtype=wp.vec4),
):
    """Linear RGB and coverage of the four supersampled pixels of an output pixel; the background is taken once."""
    c, row2, column2 = wp.tid()
    y = 2 * row2
    x = 2 * column2
    u = view[c, 15] + (float(x) + 1.0) / view[c, 17]
    v = view[c, 16] + (float(y) + 1.0) / view[c, 18]
    camera = int(view[c, 30])
    back = sample_frame(frames, camera, u, v, frame_height, frame_width)
    colour = wp.vec3(back[0], back[1], back[2])
    depth = wp.abs(back[3])
    eye = wp.vec3(view[c, 9], view[c, 10], view[c, 11])
    if back[3] < 0.0:  # the floor: the person's shadow and the darkening under the feet
        ray = (
            wp.vec3(view[c, 6], view[c, 7], view[c, 8])
            + wp.vec3(view[c, 0], view[c, 1], view[c, 2]) * ((u - view[c, 13]) / view[c, 12])
            + wp.vec3(view[c, 3], view[c, 4], view[c, 5]) * ((v - view[c, 14]) / view[c, 12])
        )
        g = eye + ray * (-eye[2] / wp.min(ray[2], -1.0e-4))
        dark = float(1.0)
        if view[c, 31] > 0.02:
            covered = float(0.0)
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    sy = wp.clamp(row2 + dy, 0, shadow.shape[1] - 1)
                    sx = wp.clamp(column2 + dx, 0, shadow.shape[2] - 1)
                    covered = covered + float(shadow[c, sy, sx]) / 9.0
            dark = 1.0 - covered * view[c, 31]
        for k in range(2):
            fx = g[0] - view[c, 32 + 2 * k]
            fy = g[1] - view[c, 33 + 2 * k]
            r2 = fx * fx + fy * fy
            if r2 < 0.5:
                dark = dark * (1.0 - 0.42 * wp.exp(-r2 / 0.018) - 0.20 * wp.exp(-r2 / 0.12))
        colour = colour * wp.max(dark, 0.12)
    empty = wp.vec4(colour[0], colour[1], colour[2], 0.0)
    # where one material fills the pixel, two of its four samples are shaded and the others take their mean
    whole = 1
    material = -1
    for k in range(4):
        key = keys[c, y + k // 2, x + k % 2]
        if key == EMPTY:
            whole = 0
        else:
            m = 256 * key_other(key) + materials[crops[key_actor(crops, c, key), 2] + key_triangle(key)]
            if key_depth(key) > depth + 0.05 or (material >= 0 and m != material):
                whole = 0
            material = m
    mean = wp.vec4(0.0, 0.0, 0.0, 0.0)
    for k in range(4):
        sy = y + k // 2
        sx = x + k % 2
        if whole == 0 or k == 0 or k == 3:
            key = keys[c, sy, sx]
            pixel = empty
            if key != EMPTY:
                z = key_depth(key)
                if z <= depth + 0.05:
                    lit = shade_person(
                        key_actor(crops, c, key),
                        sx,
                        sy,
                        z,
                        key_triangle(key),
                        eye,
                        place,
                        turned,
                        screen,
                        triangles,
                        materials,
                        uv,
                        light,
                        vertices,
                        crops,
                        palette,
                        view,
                    )
                    pixel = wp.vec4(lit[0], lit[1], lit[2], wp.where(key_other(key) == 0, 1.0, 0.0))
            out[c, sy, sx] = pixel
            mean = mean + 0.5 * pixel
    if whole == 1:
        out[c, y, x + 1] = mean
        out[c, y + 1, x] = mean
