"""German characters to English words, up to 9 digits: the running example's models."""

from helpers.runs.settings import Settings

KEEP = {
    "german_one_vector": Settings(task="de9", steps=6000),
    "german_attention": Settings(task="de9", steps=1500, attend=True),
    "german_self_attention": Settings(
        task="de9", steps=6000, attend=True, encoder="self_attention", rate=3e-3
    ),
    "german_transformer": Settings(task="de9", model="transformer", steps=3000),
}
PLAN = [Settings(task="de9", steps=1500), *KEEP.values()]
SEEDS = 5
