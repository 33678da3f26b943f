"""Where a world begins to differ from one kind of processor to another.

    python benchmarks/identity.py [--people 24] [--keep results/benchmarks/world-identity.json]

Every stage between the drawing of a person and the bytes of its JPEG has a digest, and so have the functions they are made of
(NumPy's, BLAS's and the kernels'). `--keep` names the file that holds a column for every kind of processor it was run on; the
command adds its own and says which stages differ from the others'. The pictures of every modality have their sums too, so that
how far they are from another machine's can be told without them. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from _measure import commit, machine

from reidapt.training.run import processor
from reidapt.world import find_style

STYLE, CAMERAS, PICTURES, SIZE = "plaza", 3, 2, (64, 32)
MODALITIES = ("colour", "infrared", "thermal", "sketch")

FUNCTIONS = ("exp", "log", "sin", "cos", "tan", "arctan", "sqrt", "cbrt", "tanh")


def digest(*arrays: Any) -> str:
    """Twelve hexadecimal digits of the arrays' bytes, or of what `repr` makes of other things."""
    content = hashlib.sha256()
    for array in arrays:
        content.update(np.ascontiguousarray(array).tobytes() if isinstance(array, np.ndarray) else repr(array).encode())
    return content.hexdigest()[:12]


def numpy_functions() -> Iterator[tuple[str, str]]:
    """NumPy's functions and products in both precisions, of numbers that every machine draws alike."""
    draw = np.random.Generator(np.random.Philox(0))
    whole = draw.random(20000) * 3 + 0.01
    for kind in (np.float32, np.float64):
        x = whole.astype(kind)
        for name in FUNCTIONS:
            yield f"numpy {name} {x.dtype}", digest(getattr(np, name)(x))
        matrix = x[:10000].reshape(100, 100)
        yield f"numpy power {x.dtype}", digest(x ** kind(0.45))
        yield f"numpy arctan2 {x.dtype}", digest(np.arctan2(x, x[::-1]))
        yield f"numpy sum {x.dtype}", digest(x.sum(), matrix.sum(axis=0), matrix.mean(axis=1))
        yield f"numpy matmul {x.dtype}", digest(matrix @ matrix)
        yield f"numpy einsum {x.dtype}", digest(np.einsum("ij,kj->ik", matrix, matrix))
        yield f"numpy norm {x.dtype}", digest(np.linalg.norm(matrix, axis=1))
        yield f"numpy solve {x.dtype}", digest(np.linalg.solve(matrix, x[:100]))
    yield "numpy normal", digest(draw.standard_normal(20000))


def kernel_functions() -> Iterator[tuple[str, str]]:
    """Functions as the rendering kernels compute them, on the CPU."""
    import warp

    @warp.kernel
    def every(x: warp.array(dtype=warp.float32), out: warp.array2d(dtype=warp.float32)):  # type: ignore[valid-type, no-untyped-def]
        i = warp.tid()
        v = x[i]
        out[0, i] = warp.exp(-v)
        out[1, i] = warp.log(v)
        out[2, i] = warp.sin(v)
        out[3, i] = warp.cos(v)
        out[4, i] = warp.pow(v, 0.45)
        out[5, i] = warp.sqrt(v)
        out[6, i] = 1.0 / v
        out[7, i] = warp.atan2(v, 1.5)
        out[8, i] = v * 1.7 + v * v - 0.3 * v
        out[9, i] = warp.length(warp.normalize(warp.vec3(v, 0.3, v * v)))
        out[10, i] = warp.floor(v * 1000.0)

    x = (np.random.Generator(np.random.Philox(1)).random(20000) * 3 + 0.01).astype(np.float32)
    given = warp.array(x, dtype=warp.float32, device="cpu")
    found = warp.zeros((11, len(x)), dtype=warp.float32, device="cpu")
    warp.launch(every, dim=len(x), inputs=[given, found], device="cpu")
    names = ("exp", "log", "sin", "cos", "pow", "sqrt", "reciprocal", "atan2", "products", "normalize", "floor")
    for name, row in zip(names, found.numpy()):
        yield f"kernel {name}", digest(row)


def stages(people: int) -> tuple[dict[str, str], dict[str, list[int]]]:
    """Digest of every stage, and for every picture the sum of its values, by modality."""
    from reidapt.world.files import encode
    from reidapt.world.layout import Arguments, plan
    from reidapt.world.studio import Studio

    style = find_style(STYLE)
    asked = Arguments(people, CAMERAS, PICTURES, 0, SIZE, modalities=MODALITIES, layout="table")
    studio = Studio(style, asked)
    model = studio.model
    found = {
        "body model": digest(*(getattr(model, f.name) for f in fields(model))),
        "cameras": digest(*(camera.columns() for camera in studio.cameras)),
    }
    for camera in studio.cameras:
        studio.renderer.draw_backdrop(camera)
    frames = studio.renderer.frames.numpy()
    found |= {
        "empty frames": digest(frames),
        "empty frames, 8 bits": digest((frames * 255.0).clip(0, 255).astype(np.uint8)),
    }
    who = [studio.dressed(index) for index in range(people)]
    found["persons"] = digest(*(w.person.columns() for w in who))
    found["bodies"] = digest(*(w.rest.vertices for w in who), *(w.rest.heads for w in who))
    found["meshes"] = digest(*(a for w in who for a in (w.mesh.vertices, w.mesh.normals, w.mesh.light, w.soles)))
    crops = [studio.crops(w, plan(asked, style.name, index)) for index, w in enumerate(who)]
    found["poses"] = digest(*(crop.transforms for of in crops for crop in of))
    found["sensors"] = digest(*(crop.sensor for of in crops for crop in of))
    found["columns"] = digest(*(sorted(crop.columns.items()) for of in crops for crop in of))
    pictures: dict[str, list[np.ndarray]] = {name: [] for name in MODALITIES}
    for w, of in zip(who, crops):
        for crop, picture in zip(of, studio.renderer.draw(of, [w.mesh] * len(of)).rgb):
            pictures[crop.modality].append(picture)
    for name, drawn in pictures.items():
        found[f"{name} pictures"] = digest(*drawn)
        found[f"{name} JPEG files"] = digest(*(np.frombuffer(encode(picture, 85), np.uint8) for picture in drawn))
    return found, {name: [int(picture.sum()) for picture in drawn] for name, drawn in pictures.items()}


def compare(kept: dict[str, Any], mine: str) -> Iterator[str]:
    """A sentence for every other processor: what is alike, and how far the pictures are apart."""
    own = kept[mine]
    for name, other in kept.items():
        if name == mine or other["people"] != own["people"]:
            continue
        apart = [stage for stage, value in own["digests"].items() if other["digests"].get(stage) != value]
        yield f"{name}: {len(own['digests']) - len(apart)} of {len(own['digests'])} digests agree; not: {', '.join(apart)}"
        for kind, sums in own["sums"].items():
            change = np.abs(np.subtract(sums, other["sums"][kind]))
            yield f"  {kind}: {int((change > 0).sum())} of {len(sums)} pictures have another sum, the largest change is {change.max()}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    digests, sums = stages(arguments.people)
    digests = {**dict(numpy_functions()), **dict(kernel_functions()), **digests}
    own = {"commit": commit(), "people": arguments.people, "machine": machine(), "digests": digests, "sums": sums}
    kept = json.loads(arguments.keep.read_text()) if arguments.keep and arguments.keep.exists() else {}
    kept[processor()] = own
    for name, value in own["digests"].items():
        print(f"  {name:28} {value}")
    for line in compare(kept, processor()):
        print(line)
    if arguments.keep:
        arguments.keep.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(kept, indent=1)
        for numbers in (numbers for other in kept.values() for numbers in other["sums"].values()):
            text = text.replace(json.dumps(numbers, indent=1).replace("\n", "\n   "), json.dumps(numbers))
        arguments.keep.write_text(text + "\n")
    print(json.dumps({"processor": processor(), "digests": len(own["digests"])}))


if __name__ == "__main__":
    main()
