"""Bugs of Adam, of clipping, and of the learning rate."""

import autograd.numpy as np
import numpy

from helpers.bugs.base import bug
from helpers.learning import adam, clip, learning_rate


def _first_step(rng):
    vector, gradient = rng.standard_normal((2, 7))
    return vector, gradient, (numpy.zeros(7), numpy.zeros(7)), 0, 0.1


@bug(
    adam,
    _first_step,
    symptom="The first steps have another length than the rate says.",
    mistake="both means start at 0: divide them by 1 - decay^t.",
    chapter="02_recurrence",
)
def _adam_without_correction(
    vector, gradient, moments, step, rate, decays=(0.9, 0.98), epsilon=1e-9
):
    first = decays[0] * moments[0] + (1 - decays[0]) * gradient
    second = decays[1] * moments[1] + (1 - decays[1]) * gradient**2
    return vector - rate * first / (np.sqrt(second) + epsilon), (first, second)


@bug(
    adam,
    _first_step,
    symptom="Numbers with small gradients take steps that are far too long.",
    mistake="you divided by the mean of the squares; its root is needed.",
    chapter="02_recurrence",
)
def _adam_without_the_root(vector, gradient, moments, step, rate, decays=(0.9, 0.98), epsilon=1e-9):
    _, (first, second) = adam(vector, gradient, moments, step, rate, decays, epsilon)
    first_hat = first / (1 - decays[0] ** (step + 1))
    second_hat = second / (1 - decays[1] ** (step + 1))
    return vector - rate * first_hat / (second_hat + epsilon), (first, second)


@bug(
    adam,
    _first_step,
    symptom="The loss rises from the first step on.",
    mistake="the step goes up the gradient: subtract it.",
    chapter="02_recurrence",
)
def _adam_uphill(vector, gradient, moments, step, rate, decays=(0.9, 0.98), epsilon=1e-9):
    lower, moments = adam(vector, gradient, moments, step, rate, decays, epsilon)
    return 2 * vector - lower, moments


@bug(
    clip,
    lambda rng: (rng.standard_normal(7) + 1, 0.5),
    symptom="A long gradient points elsewhere after it was clipped.",
    mistake="each number was cut; shorten the vector as a whole.",
    chapter="02_recurrence",
)
def _clip_each_number(gradient, longest):
    return np.clip(gradient, -longest, longest)


@bug(
    clip,
    lambda rng: (rng.standard_normal(7) / 10, 1.0),
    symptom="Training never settles: its last steps are as long as its first.",
    mistake="a gradient that is shorter than that must stay as it is.",
    chapter="02_recurrence",
)
def _clip_makes_longer(gradient, longest):
    return gradient * (longest / np.sqrt(np.sum(gradient * gradient)))


@bug(
    learning_rate,
    lambda rng: (int(rng.integers(0, 50)), 300, 1.0, 50),
    symptom="The first steps, when Adam's means know least, are the longest.",
    mistake="the warm-up is missing: the rate rises to its peak first.",
    chapter="11_transformer",
)
def _warmup_missing(step, steps, peak, warmup):
    return learning_rate(step + warmup if step < warmup else step, steps, peak, warmup)
