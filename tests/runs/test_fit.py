"""The loop that trains: its steps, pausing, Ctrl-C, what goes wrong; and exact match."""

import re
import signal
import threading
import time
from itertools import islice, repeat

import autograd.numpy as np
import numpy
import pytest
from compare import agree
from threadpoolctl import threadpool_info, threadpool_limits

from helpers.functions import dropout
from helpers.learning import adam, flatten, learning_rate
from helpers.runs import accuracy_by_length, exact_match, exactly_right, fit, share_right, training


def squared_distance(params, batch):
    return np.sum((params["x"] - batch) ** 2)


START = {"x": numpy.array([1.0, -2.0, 3.0], numpy.float32)}


def test_fit_takes_adams_steps_with_clipped_gradients_and_the_scheduled_rate():
    trained, history = fit(
        squared_distance, START, repeat(0.5), steps=8, rate=0.1, warmup=3, clip=2.0
    )
    vector = START["x"].astype(float)
    moments, losses = (numpy.zeros(3), numpy.zeros(3)), []
    for step in range(8):
        losses.append(((vector - 0.5) ** 2).sum())
        gradient = 2 * (vector - 0.5)
        gradient = gradient * min(1, 2.0 / numpy.linalg.norm(gradient))
        rate = learning_rate(step, 8, 0.1, 3)
        vector, moments = adam(vector, gradient, moments, step, rate)
    agree(trained["x"], vector, 1e-6)
    agree(history["loss"], losses, 1e-5)
    assert trained["x"].dtype == numpy.float32


def test_a_long_gradient_is_clipped_and_a_short_one_is_left(monkeypatch):
    lengths = []

    def note(vector, gradient, moments, *rest):
        lengths.append(float((gradient**2).sum()))
        return vector, moments

    monkeypatch.setattr(training, "adam", note)
    for batch in (0.999, 1000.0):
        fit(squared_distance, {"x": numpy.array([1.0])}, repeat(batch), steps=1, clip=0.5)
    agree(lengths, [0.002**2, 0.5**2], 1e-9)


def test_fit_does_not_change_where_it_starts():
    before = START["x"].copy()
    trained, _ = fit(squared_distance, START, repeat(0.5), steps=3)
    agree(START["x"], before, 0)
    assert numpy.abs(trained["x"] - before).max() > 0


def test_evaluations_are_kept_every_so_often_and_at_the_end():
    seen = []
    _, history = fit(
        squared_distance,
        START,
        repeat(0.5),
        steps=7,
        every=3,
        evaluate=lambda params: seen.append(params["x"]) or len(seen),
    )
    assert history["evaluated"] == [(3, 1), (6, 2), (7, 3)]
    assert numpy.abs(seen[0] - seen[1]).max() > 0, "what is kept must not go on changing"
    assert len(history["loss"]) == 7
    assert history["seconds"] > 0


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_diverging_loss_says_so_and_what_to_try():
    with pytest.raises(
        ValueError,
        match=r"loss is (inf|nan) at step \d+: training has diverged.*"
        r"lower rate than 1e\+30.*warmup than 0.*smaller clip",
    ):
        fit(
            lambda p, batch: np.exp(p["x"] ** 2),
            {"x": numpy.array(3.0)},
            repeat(0),
            steps=9,
            rate=1e30,
            warmup=0,
        )


def change_in_place(params, batch):
    x = params["x"] * 2
    x[0] = 0
    return np.sum(x)


def print_traced(params, batch):
    loss = np.sum(params["x"])
    f"{loss:.3f}"
    return loss


def convert_traced(params, batch):
    return float(np.sum(params["x"]))


@pytest.mark.parametrize(
    ("loss", "error", "words"),
    [
        (change_in_place, TypeError, "cannot be changed in place.*np.where"),
        (print_traced, TypeError, "not a number while the gradient is recorded.*outside the loss"),
        (convert_traced, TypeError, "not a number while the gradient is recorded"),
        (lambda params, batch: "a" + 1, TypeError, "happened while the gradient .* was recorded"),
        (lambda params, batch: params["x"], ValueError, r"loss must be one number.*shape \(3,\)"),
    ],
)
def test_a_loss_that_cannot_be_differentiated_gets_a_sentence(loss, error, words):
    with pytest.raises(error, match=words):
        fit(loss, START, repeat(0), steps=2)


def test_ctrl_c_returns_what_is_trained_so_far(capsys):
    def interrupted():
        yield from [0.5] * 4
        raise KeyboardInterrupt

    trained, history = fit(squared_distance, START, interrupted(), steps=9, warmup=3)
    _, whole = fit(
        squared_distance,
        START,
        repeat(0.5),
        steps=9,
        warmup=3,
        evaluate=lambda params: params["x"],
        every=1,
    )
    step, after_four = whole["evaluated"][3]
    assert step == len(history["loss"]) == 4
    agree(trained["x"], after_four, 0)
    assert "stopped after 4 of 9 steps" in "".join(capsys.readouterr())


def dropped_out(rng):
    """Return a loss that draws its own random numbers."""
    return lambda params, batch: np.sum(dropout((params["x"] - batch) ** 2, 0.3, rng))


def random_batches():
    rng = numpy.random.default_rng(1)
    while True:
        yield rng.standard_normal(3).astype(numpy.float32)


OPTIONS = {"rate": 0.1, "warmup": 3, "every": 4, "evaluate": lambda p: float(p["x"].sum())}


def whole():
    """Train for 20 steps without a pause."""
    rng = numpy.random.default_rng(2)
    return fit(dropped_out(rng), START, random_batches(), steps=20, rng=rng, **OPTIONS)


def assert_same(found, expected):
    assert flatten(found[0]).tobytes() == flatten(expected[0]).tobytes()
    for name in ("loss", "evaluated", "step", "rng"):
        assert found[1][name] == expected[1][name]
    for moment, other in zip(found[1]["moments"], expected[1]["moments"], strict=True):
        assert moment.tobytes() == other.tobytes()


def test_ten_steps_and_ten_more_are_twenty_to_the_last_bit():
    rng, batches = numpy.random.default_rng(2), random_batches()
    params, history = fit(dropped_out(rng), START, batches, steps=20, rng=rng, pause=10, **OPTIONS)
    assert history["step"] == len(history["loss"]) == 10
    kept = flatten(params).tobytes(), history["moments"][0].tobytes(), len(history["loss"])
    rng.random(5)  # what happens in between does not count
    again = fit(dropped_out(rng), params, batches, steps=20, rng=rng, resume=history, **OPTIONS)
    assert_same(again, whole())
    assert kept == (
        flatten(params).tobytes(),
        history["moments"][0].tobytes(),
        len(history["loss"]),
    ), "what the first call returned must not change"


def test_a_new_process_goes_on_with_batches_made_anew():
    rng = numpy.random.default_rng(2)
    params, history = fit(
        dropped_out(rng), START, random_batches(), steps=20, rng=rng, pause=7, **OPTIONS
    )
    rng, rest = numpy.random.default_rng(99), islice(random_batches(), history["step"], None)
    again = fit(dropped_out(rng), params, rest, steps=20, rng=rng, resume=history, **OPTIONS)
    assert_same(again, whole())


def test_ctrl_c_waits_for_the_step_and_training_goes_on_from_there(capsys):
    rng, batches = numpy.random.default_rng(2), random_batches()
    loss, count = dropped_out(rng), []

    def interrupting(params, batch):
        count.append(1)
        if len(count) == 6:
            signal.raise_signal(signal.SIGINT)
        return loss(params, batch)

    params, history = fit(interrupting, START, batches, steps=20, rng=rng, **OPTIONS)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert history["step"] == 6
    assert "stopped after 6 of 20 steps" in "".join(capsys.readouterr())
    again = fit(loss, params, batches, steps=20, rng=rng, resume=history, **OPTIONS)
    assert_same(again, whole())


def test_a_second_ctrl_c_does_not_wait():
    def stuck(params, batch):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("not reached")

    params, history = fit(stuck, START, repeat(0.5), steps=9)
    assert history["step"] == 0
    agree(params["x"], START["x"], 0)


def test_an_ignored_ctrl_c_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        fit(squared_distance, START, repeat(0.5), steps=2)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_training_can_run_beside_the_main_thread():
    found = []
    thread = threading.Thread(
        target=lambda: found.append(fit(squared_distance, START, repeat(0.5), steps=2))
    )
    thread.start()
    thread.join()
    assert found[0][1]["step"] == 2


def test_a_history_of_other_parameters_cannot_be_resumed():
    _, history = fit(squared_distance, START, repeat(0.5), steps=2)
    with pytest.raises(ValueError, match="resume is of 3 parameters, but params holds 1"):
        fit(squared_distance, {"x": numpy.ones(1)}, repeat(0.5), steps=2, resume=history)


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_gradient_that_is_not_finite_says_so():
    with pytest.raises(ValueError, match=r"length of its gradient is (inf|nan) at step 0"):
        fit(lambda p, batch: np.sum(np.sqrt(p["x"] * batch)), START, repeat(0.0), steps=2)


def test_the_bar_shows_loss_accuracy_and_the_time_left(monkeypatch, capfd):
    monkeypatch.delenv("STATIC_BOOK", raising=False)
    fit(
        squared_distance,
        START,
        repeat(0.5),
        steps=40,
        every=10,
        evaluate=lambda params: time.sleep(0.11) or 0.625,
    )
    bar = capfd.readouterr().err
    assert "accuracy=0.625" in bar
    assert "loss=" in bar
    assert re.search(r"\d+/40 \[\d\d:\d\d<\d\d:\d\d", bar)


def test_exact_match_counts_the_end_token_and_no_padding():
    targets = numpy.array([[3, 2, 0], [3, 2, 0], [3, 4, 2], [3, 2, 0]])
    predicted = numpy.array([[3, 2, 4], [3, 4, 0], [3, 4, 2], [4, 2, 0]])
    matches = exact_match(numpy.eye(5)[predicted], targets, [2, 2, 3, 2])
    assert matches.tolist() == [True, False, True, False]


@pytest.mark.parametrize(("targets", "lengths"), [((2, 4), (2,)), ((2, 3), (3,)), ((3, 3), (3,))])
def test_exact_match_names_shapes_that_do_not_fit(targets, lengths):
    with pytest.raises(ValueError) as error:
        exact_match(numpy.zeros((2, 3, 5)), numpy.zeros(targets, int), numpy.zeros(lengths, int))
    name, shape = ("lengths", lengths) if targets == (2, 3) else ("targets", targets)
    assert f"{name} has shape {shape}" in str(error.value)
    assert "logits has shape (2, 3, 5)" in str(error.value)


def test_the_static_book_has_no_progress_bar(monkeypatch, capfd):
    monkeypatch.setenv("STATIC_BOOK", "1")
    fit(squared_distance, START, repeat(0.5), steps=3, label="quiet")
    assert "quiet" not in "".join(capfd.readouterr())
    monkeypatch.delenv("STATIC_BOOK")
    fit(squared_distance, START, repeat(0.5), steps=3, label="loud")
    output = capfd.readouterr()
    assert output.err.rstrip("\n").split("\r")[-1].startswith("loud: 100%"), "an empty bar is left"
    assert output.out == ""


def test_no_label_no_bar(capfd):
    fit(squared_distance, START, repeat(0.5), steps=3, label=None)
    assert "".join(capfd.readouterr()) == ""


def test_batches_that_run_out_are_an_error_that_names_both_numbers():
    with pytest.raises(ValueError, match=r"batches ran out after 5 of 300 steps.*or 5 steps"):
        fit(squared_distance, START, [0.5] * 5, steps=300, evaluate=lambda params: 1)
    with pytest.raises(ValueError, match="batches ran out after 0 of 2 steps"):
        fit(squared_distance, START, iter([]), steps=2)


def test_batches_that_run_out_when_resumed_are_counted_from_the_start():
    params, history = fit(squared_distance, START, repeat(0.5), steps=9, pause=4)
    with pytest.raises(ValueError, match="batches ran out after 6 of 9 steps"):
        fit(squared_distance, params, [0.5] * 2, steps=9, resume=history)


def test_exactly_enough_batches_are_enough_and_no_more_is_drawn():
    batches = iter([0.5] * 4)
    _, history = fit(squared_distance, START, batches, steps=3)
    assert history["step"] == 3
    assert len(list(batches)) == 1


def test_whole_numbers_are_trained_as_real_ones():
    trained, _ = fit(
        squared_distance, {"x": numpy.array([1, 3])}, repeat(2.5), steps=300, rate=0.1, warmup=10
    )
    agree(trained["x"], [2.5, 2.5], 1e-2)
    assert trained["x"].dtype == numpy.float64
    mixed = {"x": numpy.array([1, 3]), "y": numpy.float32([1])}
    trained, _ = fit(lambda p, batch: np.sum(p["x"] * p["y"]), mixed, repeat(0), steps=1)
    assert trained["x"].dtype.kind == "f"


def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_matrix_products_run_on_one_thread_while_training_and_on_as_many_as_before_after_it():
    seen = []

    def watching(params, batch):
        seen.append(threads())
        return squared_distance(params, batch)

    with threadpool_limits(2):
        before = threads()
        fit(watching, START, repeat(0.5), steps=2)
        assert threads() == before
    assert seen == [[1] * len(before)] * 2
    assert set(before) == {2}, "a test that sees a difference"


PAIRS = [([5], [3]), ([5], [4]), ([5, 5], [3]), ([5, 5], [3, 3])]


def says_3_once(batch):
    """Logits of a model that says token 3 and ends."""
    return numpy.eye(5)[numpy.where(batch.target_in == 1, 3, 2)]


def test_pairs_are_judged_in_their_order_whatever_their_lengths():
    mixed = [PAIRS[2], PAIRS[1], PAIRS[0], PAIRS[3]]
    assert exactly_right(says_3_once, mixed).tolist() == [True, False, True, False]


def test_accuracy_is_counted_by_length_and_over_all_pairs():
    assert accuracy_by_length(says_3_once, PAIRS) == {1: (0.5, 2), 2: (0.5, 2)}
    assert share_right(says_3_once, PAIRS[:1] + PAIRS[2:]) == 2 / 3
    assert share_right(says_3_once, [*PAIRS[1:2] * 3, PAIRS[0]]) == 0.25


def test_a_share_needs_pairs():
    with pytest.raises(ValueError, match="pairs is empty"):
        share_right(says_3_once, [])
