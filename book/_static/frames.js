/* The figures that `figures.explore` writes: for each place of their controls a small picture of
   what differs from the first one, drawn over it. */
"use strict";

for (const card of document.querySelectorAll("figure.explore")) {
  const data = JSON.parse(card.querySelector("script").textContent);
  const picture = card.querySelector("img"), canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const base = picture.decode().then(() => createImageBitmap(picture)).then(bitmap => {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    pen.drawImage(bitmap, 0, 0);
    picture.after(canvas);
    return bitmap;
  });
  const strides = data.counts.map((_, k) => data.counts.slice(k + 1).reduce((n, m) => n * m, 1));
  const frames = [];
  const load = async position => {
    const frame = frames[position] ??= new Image();
    frame.src ||= "data:image/webp;base64," + data.frames[position];
    await frame.decode();
    return frame;
  };
  let asked = 0, drawn = 0;

  controls.listen(card, async (places, moved) => {
    const turn = ++asked;
    const position = places.reduce((sum, place, k) => sum + place * strides[k], 0);
    picture.alt = data.alts[position];
    const [bitmap, frame] = await Promise.all([base, load(position)]);
    if (turn < drawn) return;  // a later position was faster
    drawn = turn;
    const { x, y } = data, { width, height } = frame;
    pen.drawImage(bitmap, x, y, width, height, x, y, width, height);
    pen.drawImage(frame, x, y);
    // The reader probably moves on: have the next pictures ready.
    for (const next of [position - strides[moved], position + strides[moved]]) {
      if (next in data.frames) load(next);
    }
  });
}
