"""Figures as SVG: the same picture as Matplotlib's own, and text as short as can be."""

import io
import re

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image
from test_plots import DRAWS, pixels

from figures import plots, svg


@pytest.mark.slow
@pytest.mark.parametrize("draw", DRAWS)
def test_a_browser_shows_what_matplotlib_draws(browser, draw):
    figure = plots.new_figure()
    draw(figure, large=True)
    for text in figure.findobj(Text):  # letters have other shapes in another font
        text.set_visible(False)
    expected = pixels(figure)[..., :3].astype(int)
    html = svg.element(svg.drawn(figure), figure.get_size_inches())
    page = browser.new_page(device_scale_factor=plots.SCALE)
    page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{html}")
    shot = page.locator("svg").screenshot()
    page.close()
    shown = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)
    height, width = (min(sizes) for sizes in zip(shown.shape[:2], expected.shape[:2], strict=True))
    shown, expected = shown[:height, :width], expected[:height, :width]
    # Marks at an edge are whole here, and dashes may begin a little later: less than one line has.
    assert max(strange(shown, expected), strange(expected, shown)) < 250


def strange(picture, other):
    """Count elements unlike all of the other picture's within a CSS pixel."""
    reach = range(-plots.SCALE, plots.SCALE + 1)
    near = [np.roll(other, (down, right), (0, 1)) for down in reach for right in reach]
    away = np.maximum(np.min(near, axis=0) - picture, picture - np.max(near, axis=0))
    return (away.max(axis=-1) > 64).sum()


def test_what_lies_outside_of_the_axes_is_not_drawn():
    figure = plots.new_figure()
    names = {"x_label": "x", "y_label": "y", "limits": (0, 1)}
    plots.lines(figure, [1, 2, 3], {"": [[0.5, 9, 0.5], [0.4, 8, 0.4]]}, **names)
    found = svg.drawn(figure)
    upper = figure.bbox.height - figure.axes[0].get_window_extent().y1
    heights = [float(y) for line in found for y in re.findall(r"M[\d.]+ (-?[\d.]+)", line)]
    assert heights and min(heights) >= upper - 2


def test_light_greys_let_the_ground_through_and_white_grounds_are_left_out():
    figure = plots.new_figure()
    plots.lines(figure, [1, 2], {"": [0, 1]}, x_label="x", y_label="y", shade=(1.5, 2, "new"))
    found = "".join(svg.drawn(figure))
    assert "#fff" not in found and "#ddd" not in found and "#eee" not in found
    assert 'stroke-opacity=".13"' in found and 'fill-opacity=".07"' in found


def test_a_matrix_is_a_picture_element_a_cell():
    figure = plots.new_figure()
    matrix = np.array([[0, 1, 0.25], [np.nan, 0.5, 0]])
    plots.heatmap(figure, matrix, rows="ab", columns="xyz")
    image, _bar = re.findall("<image.*?/>", "".join(svg.drawn(figure)))
    assert "image-rendering:pixelated" in image
    data = re.search('base64,([^"]+)', image).group(1)
    cells = np.asarray(Image.open(io.BytesIO(svg.base64.b64decode(data))).convert("RGBA"))
    assert cells.shape == (2, 3, 4)
    transparent = cells[..., 3] == 0
    np.testing.assert_array_equal(transparent, matrix == 0)
    on_white = 255 - cells[..., 3:] / 255 * (255 - cells[..., :3].astype(float))
    shades = figure.axes[0].images[0]
    expected = 255 * shades.to_rgba(np.ma.masked_invalid(matrix))[..., :3]
    assert abs(on_white - expected).max() <= 2
