"""The course's data, small enough to be generated on the spot: seven tasks.

Knows no model. A task says how to draw a training pair and which pairs are held out; `batches`
turns drawn pairs into padded arrays, each a `Batch` of sequences of about the same length.

`symbols` has reversal, copying and recall; `translation` number words and dates; `grammar`
sentiment and summaries; `core` what they share. Use them as ``tasks.reversal()`` and so on.
"""

from helpers.tasks.core import (
    END,
    PAD,
    SPECIAL,
    START,
    Batch,
    Task,
    batches,
    by_length,
    decode_tokens,
    encode_tokens,
    make_batch,
    pad,
    reversed_source,
)
from helpers.tasks.grammar import sentiment, summaries
from helpers.tasks.symbols import copying, recall, reversal
from helpers.tasks.translation import RUNNING_EXAMPLE, date_words, dates, number_words, numbers

__all__ = [
    "END",
    "PAD",
    "RUNNING_EXAMPLE",
    "SPECIAL",
    "START",
    "Batch",
    "Task",
    "batches",
    "by_length",
    "copying",
    "date_words",
    "dates",
    "decode_tokens",
    "encode_tokens",
    "make_batch",
    "number_words",
    "numbers",
    "pad",
    "recall",
    "reversal",
    "reversed_source",
    "sentiment",
    "summaries",
]
