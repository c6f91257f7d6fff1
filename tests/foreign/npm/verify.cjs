// Verifies the entries of a bundle with @sigstore/verify, which the sigstore project wrote for its own log: it checks the
// checkpoint's signature and the path from each entry to its root. Only the reading of the files is ours.
//
//   node verify.cjs <vkey> <folder>
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { verifyTLogInclusion } = require("@sigstore/verify/dist/tlog");

const [vkey, folder] = process.argv.slice(2);
const read = (name) => fs.readFileSync(path.join(folder, name));
const sha256 = (data) => crypto.createHash("sha256").update(data).digest("hex");
const require_ = (good, what) => {
  if (!good) throw new Error(what);
};

function authority(text) {
  const plus = text.indexOf("+");
  const [name, encoded] = [text.slice(0, plus), text.slice(text.indexOf("+", plus + 1) + 1)];
  const data = Buffer.from(encoded, "base64");
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), data.subarray(1)]);
  return {
    baseURL: `https://${name}`,
    logID: crypto.createHash("sha256").update(`${name}\n`).update(data).digest(),
    publicKey: crypto.createPublicKey({ key: der, format: "der", type: "spki" }),
    validFor: { start: new Date(0), end: new Date(8.64e15) },
    name,
  };
}

// The keys of a log, each for the checkpoints up to a size.
function authorities() {
  const found = [];
  let before;
  const names = fs.existsSync(path.join(folder, "keys")) ? fs.readdirSync(path.join(folder, "keys")) : [];
  for (const name of names.sort((a, b) => parseInt(a) - parseInt(b))) {
    const [text, signatures] = read(`keys/${name}`).toString().split("\n\n");
    const [header, , seq, old, next] = text.split("\n");
    require_(header === "evidence-key-rotation/v1" && `${seq}.rotation` === name, `${name} is malformed`);
    require_(before === undefined || before === old, `${name} is about another key`);
    [old, next].forEach((key, at) => {
      const signature = Buffer.from(signatures.split("\n")[at].split(" ")[2], "base64").subarray(4);
      require_(crypto.verify(null, Buffer.from(`${text}\n`), authority(key).publicKey, signature), `${name} is not signed`);
    });
    found.push({ last: parseInt(seq) + 1, log: authority(old) });
    before = next;
  }
  require_(before === undefined || before === vkey, "the changes of keys lead elsewhere");
  return [...found, { last: Infinity, log: authority(vkey) }];
}

function main() {
  require_(read("log.vkey").toString().trim() === vkey, "log.vkey is not the published key");
  const checkpoint = read("checkpoint").toString();
  const [origin, size, root] = checkpoint.split("\n");
  const { log } = authorities().find((one) => parseInt(size) <= one.last);
  require_(origin === log.name, "the checkpoint is of another log");
  const numbers = fs.readdirSync(path.join(folder, "entries")).filter((name) => name.endsWith(".entry"));
  require_(numbers.length > 0, "there is no entry");
  for (const number of numbers.map((name) => name.slice(0, -".entry".length))) {
    const body = read(`entries/${number}.entry`);
    const proof = read(`entries/${number}.tlog-proof`).toString();
    const at = proof.indexOf("\n\n");
    const [header, index, ...hashes] = proof.slice(0, at).split("\n");
    require_(header === "c2sp.org/tlog-proof@v1" && index === `index ${number}`, `the proof of ${number} is for another`);
    require_(proof.slice(at + 2) === checkpoint, `the proof of ${number} is under another checkpoint`);
    const inclusionProof = {
      logIndex: number,
      treeSize: size,
      rootHash: Buffer.from(root, "base64"),
      hashes: hashes.map((one) => Buffer.from(one, "base64")),
      checkpoint: { envelope: checkpoint },
    };
    verifyTLogInclusion({ inclusionProof, canonicalizedBody: body, logId: { keyId: log.logID } }, [log]);
    const says = JSON.parse(body);
    require_(String(says.seq) === number, `entry ${number} has another number`);
    if (fs.existsSync(path.join(folder, `entries/${number}.opening`)))
      require_(sha256(read(`entries/${number}.opening`)) === says.c, `entry ${number} does not commit to its opening`);
  }
  const sums = read("SHA256SUMS");
  require_(crypto.verify(null, sums, authority(vkey).publicKey, read("SHA256SUMS.sig")), "SHA256SUMS is not signed by the log");
  const names = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => !one.isDirectory())
    .map((one) => path.relative(folder, path.join(one.parentPath ?? one.path, one.name)))
    .filter((name) => !name.startsWith("SHA256SUMS")).sort((a, b) => (a < b ? -1 : 1));
  const made = names.map((name) => `${sha256(read(name))}  ${name}\n`).join("");
  require_(made === sums.toString(), "the files are not those that SHA256SUMS lists");
  console.log(`VERIFIED: ${numbers.length} entries in a log of ${size}`);
}

try {
  main();
} catch (error) {
  console.error(`NOT VERIFIED: ${error.message}`);
  process.exit(1);
}
