"""Rank your own crops: which pictures of a folder show the person of the first one?

Run: python examples/rank_a_folder.py RUN FOLDER
"""

import sys

import reidapt


def main(run: str, folder: str, shown: int = 5) -> list[str]:
    """The paths of the pictures most like the folder's first, best first."""
    method = reidapt.load(run)
    table = reidapt.read(f"folder:{folder}")
    features = reidapt.embed(method, reidapt.CropStore(table, method.config.size))
    order = (features @ features[0]).argsort(descending=True, stable=True)[1 : shown + 1]
    return [str(table.paths[row]) for row in order.tolist()]


if __name__ == "__main__":
    print("\n".join(main(*sys.argv[1:3])))
