// Builds the widget into comments_service/static, or with --check proves that the committed files are fresh and small.
import { build, transform } from "esbuild";
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const STATIC = join(HERE, "..", "comments_service", "static");
const BUDGET = 12 * 1024; // bytes of brotli, styles and English words included
const TARGET = ["chrome123", "firefox121", "safari17.5"]; // the first ones with light-dark() and AbortSignal.any

const styles = {
  name: "styles",
  setup(bundle) {
    bundle.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const { code } = await transform(source, { loader: "css", minify: true, target: TARGET });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

const writing = await bundled("writing/index.ts");
const script = await bundled("main.ts", { WRITING: JSON.stringify(`v1.writing.${hashOf(writing)}.js`) });
const files = { "v1.js": script, "v1.writing.js": writing };
const facts = { ...described(script), writing: described(writing), sources: await sourcesHash() };
const size = brotliCompressSync(script).length;
console.log(`v1.js: ${script.length} bytes, ${size} with brotli (budget ${BUDGET})`);
console.log(`v1.writing.js: ${writing.length} bytes, ${brotliCompressSync(writing).length} with brotli`);

if (process.argv.includes("--check")) await compare();
else await store();
if (size > BUDGET) fail("The widget is larger than its budget.");

async function bundled(entry, define = {}) {
  const result = await build({
    entryPoints: [join(HERE, "src", entry)],
    bundle: true,
    define,
    minify: true,
    format: "esm",
    target: TARGET,
    charset: "utf8",
    legalComments: "none",
    mangleProps: /^_/,
    plugins: [styles],
    write: false,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

function described(bytes) {
  return { hash: hashOf(bytes), integrity: "sha384-" + createHash("sha384").update(bytes).digest("base64") };
}

function hashOf(bytes) {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

// The same sum is made in Python by tests/widget/test_fresh.py: path, NUL, content, NUL of each file in order of path.
async function sourcesHash() {
  const entries = await readdir(join(HERE, "src"), { recursive: true, withFileTypes: true });
  const inside = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(HERE, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const names = [...inside, "build.js", "package.json", "package-lock.json", "tsconfig.json"].sort();
  const sum = createHash("sha256");
  for (const name of names) {
    sum.update(name + "\0");
    sum.update(await readFile(join(HERE, name)));
    sum.update("\0");
  }
  return sum.digest("hex");
}

async function store() {
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(STATIC, name), bytes);
  await writeFile(join(STATIC, "v1.json"), noted());
}

async function compare() {
  const stale = (await readFile(join(STATIC, "v1.json"), "utf8")) !== noted();
  const kept = Object.entries(files).map(async ([name, bytes]) => bytes.equals(await readFile(join(STATIC, name))));
  if (stale || (await Promise.all(kept)).includes(false)) fail("comments_service/static is stale: npm run build");
}

function noted() {
  return JSON.stringify(facts, null, 2) + "\n";
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
