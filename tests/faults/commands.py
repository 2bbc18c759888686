"""The stages as the tests run them, over cells that take milliseconds."""

TRAIN = (
    "train",
    "study=nielsen_accuracy",
    "scale=smoke",
    "hidden=[5],[4,3]",
    "steps=500",
    "seeds=4",
    "replicas=2",
    "train_size=1000",
    "evaluation.every=100",
    "out=build/nielsen_accuracy",
)
COMMANDS = {
    "fetch": ("fetch", "dataset=toy"),
    "prepare": ("prepare", "dataset=toy"),
    "train": TRAIN,
    "judge": ("judge",),
    "report": ("report",),
}
TOY = ("fetch", "prepare")


def request(root, stage, fuse=None, before=(), **more):
    """Return what a zygote takes to run a stage in `root`."""
    prepared = ("toy_sets", "use") if stage in TOY else ("fuses", "write_often")
    return {
        "folder": str(root),
        "words": COMMANDS[stage],
        "environment": {"DEPTHGAUGE_MIRROR": str(root.parent / "mirror"), "PIP_CERT": ""},
        "before": [prepared, *before],
        "fuse": fuse,
        **more,
    }


def ask(zygote, root, stage, fuse=None, **more):
    """Run a stage in `root`; return what became of it."""
    return zygote.ask_all([request(root, stage, fuse, **more)])[0]
