/**
 * Writes assets/lazy/maplibre-gl*.min.* and assets/fonts from
 * the locked packages. The results are committed: nobody needs Node to run the product.
 * Run: npm ci && npm run build
 */
import { build } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "..", "assets");
const packages = join(here, "node_modules");
const COMMON = { bundle: true, minify: true, target: "es2022", legalComments: "inline" };

async function map() {
  const lazy = join(assets, "lazy");
  // The library asks import.meta.url where its worker lies; CityMap tells it with setWorkerUrl.
  await build({
    ...COMMON,
    entryPoints: [join(here, "maplibre.js")],
    outfile: join(lazy, "maplibre-gl.min.js"),
    format: "iife",
    define: { "import.meta.url": '""' },
  });
  await build({
    ...COMMON,
    entryPoints: [join(packages, "maplibre-gl/dist/maplibre-gl-worker.mjs")],
    outfile: join(lazy, "maplibre-gl-worker.min.js"),
    format: "esm",
  });
  await build({
    ...COMMON,
    entryPoints: [join(packages, "maplibre-gl/dist/maplibre-gl.css")],
    outfile: join(lazy, "maplibre-gl.min.css"),
    loader: { ".svg": "dataurl" },
  });
}

/** Copies the files that a style sheet of @fontsource names, and gives it with local addresses. */
async function fontFaces(folder, sheet, target, keep = () => true) {
  const text = await readFile(join(packages, folder, sheet), "utf8");
  const faces = text.match(/@font-face \{[^}]*\}/g).filter(keep);
  for (const face of faces) {
    const name = face.match(/\.\/files\/([^)]+\.woff2)\)/)[1];
    await cp(join(packages, folder, "files", name), join(target, name));
  }
  return faces
    .map((face) => face.replace(/, url\([^)]*\.woff\) format\('woff'\)/, ""))
    .map((face) => face.replaceAll("./files/", "./"))
    .join("\n");
}

async function fonts() {
  const target = join(assets, "fonts");
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const barlow = "@fontsource/barlow-semi-condensed";
  const noto = "@fontsource-variable/noto-sans-sc";
  const sheets = [
    await fontFaces(barlow, "latin-500.css", target),
    await fontFaces(barlow, "latin-600.css", target),
    await fontFaces(noto, "wght.css", target),
  ];
  const head = "/* Noto Sans SC, Barlow Semi Condensed: SIL Open Font License 1.1, OFL-*.txt */\n";
  await writeFile(join(target, "fonts.min.css"), head + sheets.join("\n") + "\n");
  await cp(join(packages, noto, "LICENSE"), join(target, "OFL-noto-sans-sc.txt"));
  await cp(join(packages, barlow, "LICENSE"), join(target, "OFL-barlow-semi-condensed.txt"));
}

/** The lock names no host: npm takes the one it is set to, and checks the integrity all the same. */
async function lock() {
  const file = join(here, "package-lock.json");
  const content = JSON.parse(await readFile(file, "utf8"));
  for (const entry of Object.values(content.packages)) delete entry.resolved;
  await writeFile(file, JSON.stringify(content, null, 2) + "\n");
}

await map();
await fonts();
await lock();
