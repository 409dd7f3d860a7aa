"""Figures: right numbers, artists used again, axes that stay, text that can be read."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from figures import plots
from figures.colours import SHADES, STATIONS, station_of

WORDS = "one two three four five six seven eight nine ten eleven twelve".split()


def softmax_rows(n_rows, n_columns, seed=0):
    scores = np.exp(3 * np.random.default_rng(seed).standard_normal((n_rows, n_columns)))
    return scores / scores.sum(axis=1, keepdims=True)


def draw_heatmap(figure, large):
    rows, columns = (5, 7) if large else (3, 4)
    matrix = softmax_rows(rows, columns)
    plots.heatmap(figure, matrix, rows=WORDS[:rows], columns="abcdefg"[:columns], room=(6, 0))


def draw_lines(figure, large):
    x = np.arange(2, 12 if large else 8)
    series = {"GRU": np.outer([1, 2, 4], x) / 50, "attention": np.ones(len(x)) / (1 + large)}
    plots.lines(
        figure,
        x,
        series,
        x_label="length",
        y_label="accuracy",
        limits=(0, 1),
        shade=(5, 8 + large, "not seen"),
        mark=4 + large,
        levels={"a simple rule": 0.5 + 0.1 * large},
    )


def draw_log_lines(figure, large):
    x = 2.0 ** np.arange(4, 9)
    series = {"GRU": np.outer([1, 2 + large, 4], 1 / x)}
    plots.lines(figure, x, series, x_label="x", y_label="y", x_scale="log", y_scale="log")


def draw_points(figure, large):
    groups = {"GRU": [0.1, 0.2, 0.4][: 2 + large], "attention": [0.9, 1.0]}
    plots.points(figure, groups, y_label="accuracy", limits=(0, 1), reference=(0.1, "chance"))


def draw_bars(figure, large):
    heights = softmax_rows(1, 6 if large else 4)[0]
    plots.bars(figure, heights, labels=WORDS[: len(heights)], y_label="weight")


def draw_panels(figure, large):
    for panel in plots.panels(figure, ["cross", "self"]):
        draw_heatmap(panel, large)


DRAWS = [draw_heatmap, draw_lines, draw_log_lines, draw_points, draw_bars, draw_panels]


def pixels(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).copy()


def artists(figure):
    """Return what a draw function made: everything but ticks, which Matplotlib handles."""
    found = [figure]
    for axes in figure.axes:
        found += [axes, *axes.images, *axes.lines, *axes.patches, *axes.texts]
    return found + [artist for panel in figure.subfigs for artist in artists(panel)]


@pytest.mark.parametrize("draw", DRAWS)
def test_second_call_changes_the_artists_of_the_first(draw):
    figure = plots.new_figure()
    draw(figure, large=False)
    before, picture = artists(figure), pixels(figure)
    draw(figure, large=True)
    after = artists(figure)
    assert all(old is new for old, new in zip(before, after, strict=False))
    assert len(after) - len(before) == (2 if draw is draw_bars else 0)
    assert (pixels(figure) != picture).any()


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("large", [False, True])
def test_an_updated_figure_looks_like_a_fresh_one(draw, large):
    fresh, updated = plots.new_figure(), plots.new_figure()
    draw(fresh, large)
    draw(updated, not large)
    draw(updated, large)
    assert (pixels(fresh) == pixels(updated)).all()


@pytest.mark.parametrize("draw", DRAWS)
def test_axes_stay_where_they_are(draw):
    figure = plots.new_figure()
    draw(figure, large=False)
    places = [axes.get_window_extent().bounds for axes in figure.axes]
    pixels(figure)
    draw(figure, large=True)
    pixels(figure)
    assert [axes.get_window_extent().bounds for axes in figure.axes] == places


@pytest.mark.parametrize("draw", DRAWS)
def test_text_is_large_enough_and_inside_the_figure(draw):
    figure = plots.new_figure()
    draw(figure, large=True)
    pixels(figure)
    width, height = figure.canvas.get_width_height()
    texts = figure.findobj(lambda artist: hasattr(artist, "get_fontsize"))
    shown = [text for text in texts if text.get_visible() and text.get_text().strip()]
    assert shown
    for text in shown:
        assert text.get_fontsize() >= 9
    for axes in [*figure.axes, *(axes for panel in figure.subfigs for axes in panel.axes)]:
        box = axes.get_tightbbox()
        assert -1 <= box.x0 and box.x1 <= width + 1
        assert -1 <= box.y0 and box.y1 <= height + 1


def overlap(labels, axis):
    """Return the largest overlap of neighbouring labels along an axis, in picture elements."""
    boxes = [label.get_window_extent() for label in labels if label.get_text().strip()]
    spans = sorted((box.x0, box.x1) if axis == "x" else (box.y0, box.y1) for box in boxes)
    return max(end - start for (_, end), (start, _) in itertools.pairwise(spans))


def test_twelve_words_and_sixty_characters_are_legible():
    text = "the quick brown fox jumps over the lazy dog and then it rests"[:60]
    figure = plots.new_figure()
    plots.heatmap(figure, softmax_rows(12, 60), rows=WORDS, columns=text, x_label="x", y_label="y")
    pixels(figure)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == list(text)
    assert [label.get_text() for label in axes.get_yticklabels()] == WORDS
    assert overlap(axes.get_xticklabels(), "x") <= plots.SCALE + 0.1  # a CSS pixel
    assert overlap(axes.get_yticklabels(), "y") <= 0
    axis_label = axes.yaxis.label.get_window_extent()
    assert axis_label.x1 < min(label.get_window_extent().x0 for label in axes.get_yticklabels())


@pytest.mark.parametrize("count", [4, 12, 25])
def test_word_columns_do_not_overlap_each_other_or_the_axis_label(count):
    columns = [f"zweiund{WORDS[index % 12]}zig" for index in range(count)]
    figure = plots.new_figure()
    plots.heatmap(figure, softmax_rows(30, count), rows=range(30), columns=columns, x_label="x")
    pixels(figure)
    axes = figure.axes[0]
    assert overlap(axes.get_xticklabels(), "x") <= 0
    assert overlap(axes.get_yticklabels(), "y") <= 0
    axis_label = axes.xaxis.label.get_window_extent()
    assert axis_label.y0 > max(label.get_window_extent().y1 for label in axes.get_xticklabels())


def test_labels_of_two_lines_need_the_room_of_the_longer_one():
    figure = plots.new_figure((3.2, 2.8))
    labels = ["one\nvector", "atten-\ntion", "Trans-\nformer"]
    plots.bars(figure, [1, 2, 3], labels=labels, y_label="ms", limits=(0, 3))
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == labels


def test_long_labels_are_shortened_to_the_room_of_the_first_call():
    figure = plots.new_figure()
    plots.heatmap(figure, np.eye(2), rows=["a", "b"], columns="xy", room=(8, 0))
    plots.heatmap(figure, np.eye(2), rows=["a", "extraordinarily"], columns="xy", room=(8, 0))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[0] == "a"
    assert labels[1].startswith("extra") and labels[1].endswith("…")
    pixels(figure)
    assert figure.axes[0].get_yticklabels()[1].get_window_extent().x0 > 0


def test_heatmap_shows_the_matrix_and_its_scale():
    matrix = softmax_rows(3, 5)
    matrix[0, 4] = np.nan
    figure = plots.new_figure()
    plots.heatmap(figure, matrix, rows="abc", columns="vwxyz", limits=(0, 0.5), cells=(4, 6))
    image = figure.axes[0].images[0]
    np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan), matrix)
    assert image.get_clim() == (0, 0.5)
    assert figure.axes[0].get_xlim() == (-0.5, 5.5)
    assert figure.axes[0].get_ylim() == (3.5, -0.5)


@pytest.mark.parametrize(
    ("limits", "middle"), [((0, 1), "quarter"), ((-1, 1), "zero")], ids=["weights", "signed"]
)
def test_zero_is_white_and_small_weights_can_be_seen(limits, middle):
    figure = plots.new_figure()
    plots.heatmap(figure, [[-1, 0, 0.25, 1]], rows="a", columns="wxyz", limits=limits)
    image = figure.axes[0].images[0]
    low, zero, quarter, high = image.cmap(image.norm([-1, 0, 0.25, 1]))[:, :3]
    assert np.allclose(zero, 1, atol=0.005) and np.allclose(high, to_rgb(plots.PLUS), atol=0.01)
    if middle == "zero":
        assert np.allclose(low, to_rgb(plots.MINUS), atol=0.01)
        assert np.allclose(quarter, 1 - 0.25 * (1 - high), atol=0.01)
    else:
        assert np.allclose(quarter, 1 - 0.5 * (1 - high), atol=0.01)  # the root


def test_panels_stand_in_rows_if_asked():
    figure = plots.new_figure()
    upper, right, lower = plots.panels(figure, "abc", 2)
    assert upper.bbox.y0 == right.bbox.y0 > lower.bbox.y0
    assert upper.bbox.x0 == lower.bbox.x0 < right.bbox.x0


def test_lines_show_the_median_the_range_and_every_seed():
    y = np.array([[0.1, 0.5, np.nan], [0.3, 0.4, np.nan], [0.2, 0.9, np.nan]])
    figure = plots.new_figure()
    plots.lines(figure, [1, 2, 4], {"a": y, "b": [1, 2, 3]}, x_label="x", y_label="y")
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.2, 0.5, np.nan])
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), y.ravel())
    corners = {tuple(corner) for corner in axes.patches[0].get_xy().round(6)}
    assert corners == {(1, 0.1), (2, 0.4), (2, 0.9), (1, 0.3)}
    np.testing.assert_array_equal(axes.lines[2].get_ydata(), [1, 2, 3])
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["a", "b"]


def test_levels_are_dashed_lines_with_names_inside_the_limits():
    figure = plots.new_figure()
    names = {"x_label": "x", "y_label": "y"}
    shade, levels = (2, 3, "not seen"), {"low": -1.0, "high": 3.0}
    plots.lines(figure, [1, 2], {"a": [0, 1]}, **names, shade=shade, mark=1.5, levels=levels)
    axes = figure.axes[0]
    heights = {text.get_text(): text.xy[1] for text in axes.texts}
    assert heights == {"not seen": 1, "low": -1.0, "high": 3.0}
    assert [list(line.get_ydata()) for line in axes.lines[2:4]] == [[-1, -1], [3, 3]]
    assert axes.lines[-1].get_xdata() == [1.5, 1.5]
    assert axes.get_ylim()[0] < -1 and 3 < axes.get_ylim()[1]


@pytest.mark.parametrize(("curve", "foot"), [([1, 1, 1], True), ([1, 0, 0], False)])
def test_words_of_a_shade_keep_clear_of_the_curves(curve, foot):
    figure = plots.new_figure()
    names = {"x_label": "x", "y_label": "y", "limits": (0, 1.05)}
    for drawn in ([1, 0.5, 0.5], curve):  # drawn again they move
        plots.lines(figure, [1, 2, 3], {"a": drawn}, **names, shade=(1.5, 3, "not seen"))
    (words,) = figure.axes[0].texts
    assert words.xy == (1.5, 0 if foot else 1) and words.get_va() == ("bottom" if foot else "top")


def test_numbers_below_a_logarithmic_axis_do_not_run_together():
    figure = plots.new_figure()
    names = {"x_label": "x", "y_label": "y", "x_scale": "log"}
    lengths = [8, 12, 16, 17, 20, 24, 32, 48]
    plots.lines(figure, lengths, {"a": lengths}, **names)
    assert list(figure.axes[0].get_xticks()) == [n for n in lengths if n != 17]


def test_points_show_each_seed_and_the_median():
    figure = plots.new_figure()
    plots.points(figure, {"a": [1, 5, 2], "b": [7]}, y_label="y")
    median, seeds, *_ = figure.axes[0].lines
    assert list(median.get_ydata()) == [2, 2]
    assert list(seeds.get_ydata()) == [1, 5, 2]


def contrast(one, other):
    """Return the ratio of two colours' luminances, as WCAG has it."""

    def luminance(colour):
        linear = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
        ]
        return np.dot([0.2126, 0.7152, 0.0722], linear) + 0.05

    low, high = sorted([luminance(one), luminance(other)])
    return high / low


def turned(colour):
    """Return what `invert(1) hue-rotate(180deg)` makes of a colour: the dark theme's filter."""
    weights = np.array([0.213, 0.715, 0.072])  # the hue turned by half a circle, as CSS has it
    return np.clip((2 * weights - np.eye(3)) @ (1 - np.array(to_rgb(colour))), 0, 1)


def test_series_differ_without_colour_and_stand_out_from_either_ground():
    colours, markers, styles = zip(*plots.STYLES, strict=True)
    assert len(set(markers)) == len(set(styles)) == len(colours)
    shades = [shade for shades in SHADES.values() for shade in shades]
    for colour in [*colours, *shades]:
        assert contrast(colour, "white") >= 3
        assert contrast(turned(colour), "#14181e") >= 3  # the page's ground in the dark
    for words in ("black", plots.GREY):
        assert contrast(words, "white") >= 7
        assert contrast(turned(words), "#14181e") >= 7


def test_in_the_dark_a_colour_keeps_its_hue():
    for colour in [*STATIONS.values(), plots.PLUS, plots.MINUS]:
        before, after = np.array(to_rgb(colour)), turned(colour)
        if np.ptp(before):
            assert (np.argsort(before) == np.argsort(after)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: plots.heatmap(f, np.eye(3), rows="ab", columns="xyz"), r"\(3, 3\).*\(2, 3\)"),
        (lambda f: plots.bars(f, [1, 2], labels="abc", y_label="y"), r"\(2,\).*\(3,\)"),
        (lambda f: plots.points(f, {"a": []}, y_label="y"), r"'a'.*\(0,\)"),
        (lambda f: plots.points(f, {}, y_label="y"), "1 to 6"),
        (
            lambda f: plots.lines(f, [1, 2], {"a": [1, 2, 3]}, x_label="x", y_label="y"),
            r"'a'.*\(1, 3\).*\(2,\)",
        ),
    ],
)
def test_wrong_shapes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(plots.new_figure())


@pytest.mark.parametrize("count", range(1, 7))
def test_legend_stays_within_the_figure(count):
    figure = plots.new_figure()
    series = {f"{16 * n} numbers, seed {n}": [0, 1] for n in range(count)}
    plots.lines(figure, [1, 2], series, x_label="length", y_label="accuracy")
    figure.canvas.draw()
    legend = figure.axes[0].get_legend().get_window_extent()
    assert legend.x0 >= 0
    assert legend.x1 <= figure.bbox.x1
    assert legend.y1 <= figure.bbox.y1


def test_a_map_is_drawn_with_its_words_and_without_the_end():
    weights = np.random.default_rng(0).dirichlet(np.ones(4), size=(2, 3, 5))
    found = SimpleNamespace(weights=weights, rows=[*"abcd", "(end)"], columns=[*"wxyz"])
    figure = plots.new_figure()
    plots.attention_map(figure, found, x_label="read", layer=1, head=2)
    assert np.allclose(figure.axes[0].images[0].get_array(), weights[1, 2, :4])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [*"abcd"]


def test_shares_against_length_are_lines_with_their_axes_named():
    shares, shade = {"one vector": [[1, 0.5, 0.1], [1, 0.6, 0.2]]}, (9, 16, "not seen")
    figure, same = plots.new_figure(), plots.new_figure()
    plots.shares_by_length(figure, [4, 8, 16], shares, counted="numbers", unit="words", shade=shade)
    names = {"x_label": "source length (words)", "y_label": "numbers right"}
    plots.lines(same, [4, 8, 16], shares, **names, limits=(0, 1.02), shade=shade)
    assert pixels(figure).tobytes() == pixels(same).tobytes()
    assert figure.axes[0].get_ylim() == (0, 1.02)


@pytest.mark.parametrize(
    ("name", "station"),
    [
        ("one vector", "one vector"),
        ("one vector, 6000 steps", "one vector"),
        ("LSTM, one vector, 12000 steps", "one vector"),
        ("French,\none vector,\n6000 steps", "one vector"),
        ("attention over an LSTM", "attention"),
        ("attention, both ways", "attention"),
        ("self-att., attention", "attention"),
        ("self-att., one vector", "one vector"),
        ("self-attention", "self-attention"),
        ("Transformer, rate 0.008", "Transformer"),
        ("two GRUs without attention", None),
        ("GRU", None),
        ("inattention", None),
    ],
)
def test_a_series_speaks_of_the_station_that_its_name_ends_with(name, station):
    assert station_of(name) == station


def test_shades_of_a_station_differ_and_begin_with_its_colour():
    names = [f"one vector, {steps} steps" for steps in (750, 1500, 3000, 6000)]
    greys = [colour for colour, *_ in plots.styles_of(names)]
    assert tuple(greys) == (*SHADES["one vector"], SHADES["one vector"][0])
    for station, shades in SHADES.items():
        assert shades[0] == STATIONS[station] and len(set(shades)) == 3


def test_a_station_has_its_colour_in_curves_dots_and_bars():
    figure = plots.new_figure()
    one = {name: [0.1, 0.2] for name in ("GRU", *STATIONS, "guess")}
    expected = [STATIONS.get(name) for name in one]
    plots.lines(figure, [1, 2], one, x_label="", y_label="")
    drawn = [line.get_color() for line in figure.axes[0].lines[::2]]
    assert [a for a, b in zip(drawn, expected, strict=True) if b] == [*STATIONS.values()]
    assert len(set(drawn)) == len(one), "others keep away from it"
    plots.points(figure, one, y_label="")
    assert [line.get_color() for line in figure.axes[0].lines[::2]] == drawn
    plots.bars(figure, np.ones(4), labels=list(STATIONS), y_label="")
    drawn = [to_rgb(patch.get_facecolor()[:3]) for patch in figure.axes[0].patches]
    assert drawn == [to_rgb(colour) for colour in STATIONS.values()]


# On a phone


PHONE = (3.55, 3.6)


@pytest.mark.parametrize("draw", DRAWS)
def test_on_a_phone_text_is_large_enough_and_inside_the_figure(draw):
    figure = plots.new_figure(PHONE)
    draw(figure, large=True)
    pixels(figure)
    for part in figure.subfigs or [figure]:
        for axes in part.axes:
            box, whole = axes.get_tightbbox(), part.bbox
            assert whole.x0 - 1 <= box.x0 and box.x1 <= whole.x1 + 1
            assert whole.y0 - 1 <= box.y0 and box.y1 <= whole.y1 + 1
            for text in axes.findobj(lambda artist: hasattr(artist, "get_fontsize")):
                assert text.get_fontsize() * 96 / 72 >= 11
            assert overlap(axes.get_xticklabels(), "x") < 0


def test_names_too_long_to_stand_beside_each_other_stand_above_their_dots():
    names = ["French,\none vector", "French,\nattention", "German,\none vector, 6000 steps"]
    groups = {name: [0.2 + index / 10, 0.4] for index, name in enumerate(names)}
    drawn = {"y_label": "right", "x_label": "runs", "limits": (0, 1), "reference": (0.7, "chance")}
    wide, narrow = plots.new_figure((7, 3)), plots.new_figure(PHONE)
    for figure in (wide, narrow):
        plots.points(figure, groups, **drawn)
        plots.points(figure, {name: [0.5, 0.1] for name in names}, **drawn)  # it can be moved
    pixels(narrow)
    (upright,), (lying,) = wide.axes, narrow.axes
    assert [label.get_text() for label in upright.get_xticklabels()] == names
    assert list(upright.lines[1].get_ydata()) == list(lying.lines[1].get_xdata()) == [0.5, 0.1]
    assert (lying.get_xlim(), lying.get_xlabel()) == ((0, 1), "right")
    rows = {text.get_text(): text.get_window_extent() for text in lying.texts}
    chance, *in_rows, title = (rows[name] for name in ("chance", *map(flat, names), "runs"))
    assert title.y0 > chance.y1 > chance.y0 > in_rows[0].y1
    assert all(above.y0 > below.y1 for above, below in itertools.pairwise(in_rows))
    assert lying.lines[-1].get_xdata() == [0.7, 0.7]


def flat(name):
    return " ".join(name.split())


def test_a_legend_has_as_many_columns_as_fit_and_breaks_long_names():
    names = {"x_label": "x", "y_label": "y"}
    long = "a name that is much too long for the width of any phone that there is"
    for series, columns in (
        (["GRU", "LSTM"], 2),
        (["one vector, 3000 steps", "attention, 3000 steps"], 1),
        ([long], 1),
    ):
        figure = plots.new_figure(PHONE)
        plots.lines(figure, [1, 2], {name: [0, 1] for name in series}, **names)
        pixels(figure)
        legend = figure.axes[0].get_legend()
        assert legend._ncols == columns
        box = legend.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        shown = [flat(text.get_text()) for text in legend.get_texts()]
        assert shown == series


def test_words_of_bars_stand_upright_where_they_would_run_together():
    words = "mille deux cent quatre vingt dix-sept".split()
    for size, angle in (((7, 3), 0), (PHONE, 90)):
        figure = plots.new_figure(size)
        plots.bars(figure, [0.1] * 6, labels=words, y_label="weight", x_label="read")
        pixels(figure)
        labels = figure.axes[0].get_xticklabels()
        assert [label.get_text() for label in labels] == words
        assert {label.get_rotation() for label in labels} == {angle}
        assert overlap(labels, "x") < 0
        named = figure.axes[0].xaxis.label.get_window_extent()
        assert named.y1 < min(label.get_window_extent().y0 for label in labels)


def test_panels_may_stand_in_rows_of_several_lengths_and_have_no_titles():
    figure = plots.new_figure((6, 4))
    above, left, right = plots.panels(figure, [""] * 3, columns=(1, 2))
    assert above.bbox.width == figure.bbox.width == left.bbox.width + right.bbox.width
    assert left.bbox.y1 == pytest.approx(figure.bbox.height / 2)
    wider, other = plots.panels(plots.new_figure((6, 4)), "ab", widths=(2, 1))
    assert wider.bbox.width == pytest.approx(2 * other.bbox.width)
    phone = plots.new_figure((3.55, 4))
    parts = plots.panels(phone, [""] * 3, columns=(1, 2))
    assert phone.get_figheight() == 6
    assert len({part.bbox.x0 for part in parts}) == 1 and parts[0].bbox.y0 > parts[2].bbox.y1


def test_few_numbers_between_powers_of_ten_are_named_plainly():
    figure = plots.new_figure()
    names = {"x_label": "x", "y_label": "y", "y_scale": "log"}
    plots.lines(figure, [1, 2], {"a": [0.2, 0.6]}, **names)
    pixels(figure)
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels(which="minor")]
    assert [text for text in shown if text][:2] == ["0.2", "0.3"]
