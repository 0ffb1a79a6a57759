// Bundles the live pages' scripts into ../static/built, with the licences of what is inside.
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../..");
const out = join(here, "../static/built");

await rm(out, { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: Object.fromEntries([
    ...["desk", "board", "lists", "pages", "recording"].map((name) => [name, join(here, `${name}.js`)]),
    ...["field", "field-worker", "map", "command"].map((name) => [
      name,
      join(root, "case_bridge/web/client", `${name}.js`),
    ]),
  ]),
  loader: { ".png": "dataurl" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const packages = [
  ...new Set(
    Object.keys(result.metafile.inputs)
      .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
      .filter(Boolean),
  ),
].sort();
const notices = await Promise.all(packages.map(notice));
await writeFile(join(out, "LICENCES.txt"), notices.join(`\n${"=".repeat(72)}\n`));
console.log(`built ${Object.keys(result.metafile.outputs).length} scripts from: ${packages.join(", ")}`);

async function notice(name) {
  const folder = join(root, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  if (!license) throw new Error(`${name} names no licence`);
  const text = file ? await readFile(join(folder, file), "utf8") : "(the package ships no licence text)\n";
  return `${name} ${version}, ${license}\n\n${text}`;
}
