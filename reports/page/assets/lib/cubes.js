// Cubes of grey levels, decoded from the images in the page.

const unpacked = new Map();
const KEPT = 40; // cubes in memory; the oldest are evicted

// Three consecutive bands are the colours of one image, see images.py.
function unpack({ image, shape: [bands, rows, columns], sum }) {
  if (!unpacked.has(image)) {
    if (unpacked.size >= KEPT) unpacked.delete(unpacked.keys().next().value);
    unpacked.set(image, decode(image).then((pixels) => {
      const values = new Uint8Array(bands * rows * columns), size = rows * columns;
      let total = 0;
      for (let band = 0; band < bands; band += 1) {
        const start = Math.floor(band / 3) * size;
        for (let at = 0; at < size; at += 1) {
          const value = pixels[(start + at) * 4 + (band % 3)];
          values[band * size + at] = value;
          total += value;
        }
      }
      return { bands, rows, columns, values, exact: total === sum };
    }));
  }
  return unpacked.get(image);
}

async function decode(image) {
  const picture = new Image();
  picture.src = "data:image/webp;base64," + find("#image-" + image).textContent;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}

// Enlarge the low-resolution pixels to s by s pixels, cropped to the window.
function enlarge(low, scale, corner, shape) {
  const [rows, columns] = shape, size = rows * columns;
  const values = new Uint8Array(low.bands * size);
  for (let row = 0; row < rows; row += 1) {
    const from = Math.floor((corner[0] + row) / scale) - Math.floor(corner[0] / scale);
    for (let column = 0; column < columns; column += 1) {
      const at = Math.floor((corner[1] + column) / scale) - Math.floor(corner[1] / scale);
      for (let band = 0; band < low.bands; band += 1) {
        values[band * size + row * columns + column] = low.values[(band * low.rows + from) * low.columns + at];
      }
    }
  }
  return { bands: low.bands, rows, columns, values, exact: low.exact };
}

function valueAt(cube, band, row, column) {
  return cube.values[(band * cube.rows + row) * cube.columns + column];
}

function spectrumAt(cube, row, column) {
  return Array.from({ length: cube.bands }, (_, band) => valueAt(cube, band, row, column));
}

// The colour map Inferno in nine steps: uniform in lightness, so that it is readable in grey.
const INFERNO = [[0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85], [227, 89, 51],
  [249, 140, 10], [249, 201, 50], [252, 255, 164]];

function colormap(share) {
  const at = Math.min(Math.max(share, 0), 1) * (INFERNO.length - 1);
  const low = Math.min(Math.floor(at), INFERNO.length - 2);
  return INFERNO[low].map((value, channel) => value + (INFERNO[low + 1][channel] - value) * (at - low));
}

// Paint a cube: one band in grey, three bands as colours, or its difference from the truth.
function paint(canvas, cube, truth, { view, band, colours, bright, top }) {
  canvas.width = cube.columns;
  canvas.height = cube.rows;
  const context = canvas.getContext("2d"), image = context.createImageData(cube.columns, cube.rows);
  const size = cube.rows * cube.columns;
  for (let at = 0; at < size; at += 1) {
    let colour;
    if (view === "colour") colour = colours.map((one) => cube.values[one * size + at] * bright);
    else if (view === "error") colour = colormap(Math.abs(cube.values[band * size + at] - truth.values[band * size + at]) / top);
    else colour = [0, 0, 0].fill(cube.values[band * size + at] * bright);
    image.data.set(colour, at * 4); // clamped to 0 and 255
    image.data[at * 4 + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// The difference of one band within the window: its mean, and how much of it is below 1.
function difference(cube, truth, band) {
  const size = cube.rows * cube.columns;
  let sum = 0, none = 0;
  for (let at = band * size; at < (band + 1) * size; at += 1) {
    const one = Math.abs(cube.values[at] - truth.values[at]);
    sum += one;
    none += one === 0 ? 1 : 0;
  }
  return { mean: sum / size, none: none / size };
}
