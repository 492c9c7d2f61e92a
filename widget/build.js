// Builds the widget into comments_service/static, or with --check proves that the committed files are fresh and small.
import { build, transform } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { minify } from "terser";

const HERE = dirname(fileURLToPath(import.meta.url));
const STATIC = join(HERE, "..", "comments_service", "static");
const BUDGET = 12_000; // bytes of brotli: everything that a page in English loads
const TARGET = ["chrome123", "firefox121", "safari17.5"]; // the first ones with light-dark() and AbortSignal.any
// Names that stay what they are in all functions, where brotli finds them again: which help most changes with the code.
const NAMES = [[], ["id"], ["say"], ["id", "say"], ["ask", "say"], ["ask", "id", "say"]];
const FORMS = ["zero", "one", "two", "few", "many"]; // of number, beside `other`, in the order in which they are kept

const css = await stylesheet();
const english = await englishWords();
const script = await bundled();
const files = { "v1.js": script, "v1.css": css + "\n", "v1.d.ts": await readFile(join(HERE, "v1.d.ts"), "utf8") };
files["languages/en.json"] = printed(keyed(english));
for (const name of (await readdir(join(HERE, "src", "languages"))).sort()) {
  const language = name.replace(".json", "");
  const words = JSON.parse(await readFile(join(HERE, "src", "languages", name), "utf8"));
  files[`languages/${name}`] = printed(words);
  files[`v1.${name}`] = JSON.stringify(byEnglish(language, words)) + "\n";
}
files["v1.json"] = printed({ ...described(script), sources: await sourcesHash() });
const size = packed(script);
console.log(`v1.js: ${script.length} bytes, ${size} with brotli (budget ${BUDGET})`);

if (process.argv.includes("--check")) await compare();
else await store();
if (size > BUDGET) fail("The widget is larger than its budget.");

async function stylesheet() {
  const source = await readFile(join(HERE, "src", "styles.css"), "utf8");
  const { code } = await transform(source, { loader: "css", minify: true, target: TARGET });
  return code.trim();
}

async function bundled() {
  const styles = {
    name: "styles",
    setup: (bundle) => bundle.onLoad({ filter: /\.css$/ }, () => ({ contents: squeezed(css), loader: "text" })),
  };
  const { outputFiles } = await build({
    entryPoints: [join(HERE, "src", "main.ts")],
    bundle: true,
    minifySyntax: true,
    format: "esm",
    target: TARGET,
    charset: "utf8",
    legalComments: "none",
    plugins: [styles],
    tsconfigRaw: { compilerOptions: { target: "es2022" } }, // all of TARGET know class fields
    mangleProps: /^_/, // the widget's own properties: they get the shortest names
    write: false,
  });
  const made = [];
  for (const reserved of NAMES) {
    for (const reduce_funcs of [false, true]) {
      const options = { module: true, ecma: 2022, compress: { passes: 2, inline: 1, reduce_funcs }, mangle: { reserved }, format: { comments: false } };
      const { code } = await minify(outputFiles[0].text, options);
      made.push(Buffer.from(code + "\n"));
    }
  }
  return made.reduce((best, script) => (packed(script) < packed(best) ? script : best));
}

function packed(script) {
  return brotliCompressSync(script).length;
}

// Inside the script, custom properties that pages never set have short names, and no spaces that nobody reads.
function squeezed(text) {
  const names = [...new Set(text.match(/--_[\w-]+/g))];
  const short = text.replace(/--_[\w-]+/g, (name) => "--_" + String.fromCharCode(97 + names.indexOf(name)));
  return short.replace(/(--_\w): /g, "$1:").replace(/(,) | ([/<]) /g, "$1$2");
}

async function englishWords() {
  const source = (await readFile(join(HERE, "src", "words.ts"), "utf8")).replace("const enum", "enum");
  const { code } = await transform(source, { loader: "ts", format: "esm" });
  return (await import("data:text/javascript," + encodeURIComponent(code))).Word;
}

// {count: "{n} comment|{n} comments"} as {count_one: "{n} comment", count: "{n} comments"}
function keyed(words) {
  const entries = Object.entries(words).flatMap(([name, text]) => {
    const [one, other] = text.split("|");
    return other ? [[name + "_one", one], [name, other]] : [[name, text]];
  });
  return Object.fromEntries(entries);
}

// As the script looks words up: by the English ones, forms of number joined in the order that "|" tells.
function byEnglish(language, words) {
  const used = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const forms = FORMS.filter((form) => used.includes(form));
  const said = { "|": forms.join(" ") };
  for (const [name, text] of Object.entries(english)) {
    const parts = forms.map((form) => words[`${name}_${form}`] ?? words[name]);
    if (words[name]) said[text] = text.includes("|") ? [...parts, words[name]].join("|") : words[name];
  }
  for (const name of Object.keys(words)) {
    if (name.startsWith("error_")) said[name] = words[name];
    else if (!(name.replace(/_(zero|one|two|few|many)$/, "") in english)) fail(`${language}: there is no word ${name}.`);
  }
  return said;
}

function described(bytes) {
  return {
    hash: createHash("sha256").update(bytes).digest("hex").slice(0, 16),
    integrity: "sha384-" + createHash("sha384").update(bytes).digest("base64"),
  };
}

// The same sum is made in Python by tests/widget/test_fresh.py: path, NUL, content, NUL of each file in order of path.
async function sourcesHash() {
  const entries = await readdir(join(HERE, "src"), { recursive: true, withFileTypes: true });
  const inside = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(HERE, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const names = [...inside, "build.js", "package.json", "package-lock.json", "tsconfig.json", "v1.d.ts"].sort();
  const sum = createHash("sha256");
  for (const name of names) {
    sum.update(name + "\0");
    sum.update(await readFile(join(HERE, name)));
    sum.update("\0");
  }
  return sum.digest("hex");
}

async function store() {
  await mkdir(join(STATIC, "languages"), { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(STATIC, name), content);
}

async function compare() {
  for (const [name, content] of Object.entries(files)) {
    const kept = await readFile(join(STATIC, name)).catch(() => null);
    if (!kept?.equals(Buffer.from(content))) fail(`comments_service/static/${name} is stale: npm run build`);
  }
}

function printed(value) {
  return JSON.stringify(value, null, 2) + "\n";
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
