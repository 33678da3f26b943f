"""Options that make trainings of the methods that redraw take a second."""

SMALL = {
    "height": 48,
    "width": 24,
    "log_every": 1,
    "device": "cpu",
    "precision": "float32",
}
QUICK_CONTEXT = {
    **SMALL,
    "epochs": 1,
    "prepare_epochs": 1,
    "decay_epochs": 0,
    "batch_size": 8,
    "generator_width": 8,
    "discriminator_width": 4,
    "blocks": 1,
    "backbone": "test_resnet",
    "weights": "random",
}
QUICK_SPGAN = {
    **SMALL,
    "epochs": 1,
    "batch_size": 8,
    "generator_width": 4,
    "discriminator_width": 4,
    "blocks": 1,
    "pool": 4,
}
