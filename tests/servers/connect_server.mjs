// Connect's own server: the service of parts/v1/parts.proto by Connect, gRPC-Web and gRPC, in all four kinds.
//
//     node connect_server.mjs PACKAGES DESCRIPTORS [--max-message BYTES] [--tls CERTIFICATE KEY]
//
// PACKAGES is the folder whose node_modules has Connect, DESCRIPTORS a serialized FileDescriptorSet. Prints
// `listening HTTP1 HTTP2`, its two ports (HTTP/1.1; HTTP/2 without TLS), once it can be called. With --tls both speak TLS,
// and the second one what the client chooses by ALPN.
//
// Request headers tell it what to do: `mirror*` come back in headers and trailers, `delay-ms` waits, `fail` ends with
// that code (a name such as NOT_FOUND) and details, after `fail-after` messages of an answer stream. Its answers are
// compressed from 64 bytes on where the client accepts that.

import { readFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const [packages, descriptors, ...options] = process.argv.slice(2);
const require = createRequire(`${packages}/from-here.js`);
const { create, createFileRegistry, fromBinary } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const { Code, ConnectError } = require("@connectrpc/connect");
const { compressionBrotli, compressionGzip, connectNodeAdapter } = require("@connectrpc/connect-node");

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const Parts = registry.getService("parts.v1.Parts");
const Part = registry.getMessage("parts.v1.Part");
const AddSummary = registry.getMessage("parts.v1.AddSummary");

function failure(name) {
  const words = name.toLowerCase().split("_");
  const code = Code[words.map((word) => word[0].toUpperCase() + word.slice(1)).join("")];
  const error = new ConnectError("asked to fail", code, { "failed-by": "node" });
  error.details.push({ type: "google.rpc.BadRequest", value: violation("id", "no such part") });
  return error;
}

/** A google.rpc.BadRequest with one violation, whose texts are short. */
function violation(field, description) {
  const text = (tag, value) => [tag, value.length, ...Buffer.from(value)];
  const inner = [...text(0x0a, field), ...text(0x12, description)];
  return new Uint8Array([0x0a, inner.length, ...inner]);
}

/** Does what the headers ask for before the first message. */
async function obey(context) {
  for (const [name, value] of context.requestHeader) {
    if (name.startsWith("mirror")) {
      context.responseHeader.append(name, value);
      context.responseTrailer.append(name, value);
    }
  }
  context.responseTrailer.set("served-by", "node");
  const asked = (name) => context.requestHeader.get(name);
  if (asked("delay-ms")) await sleep(Number(asked("delay-ms")), undefined, { signal: context.signal });
  if (asked("fail") && !asked("fail-after")) throw failure(asked("fail"));
  return asked;
}

function part(number) {
  const madeAt = { seconds: 1_700_000_000n + BigInt(number), nanos: 0 };
  return create(Part, { id: BigInt(number), name: `part ${number}`, tags: ["a", "b"], madeAt });
}

const implementation = {
  async getPart(request, context) {
    await obey(context);
    return part(request.id);
  },
  async *listParts(request, context) {
    const asked = await obey(context);
    for (let number = 0; number < request.count; number++) {
      if (asked("fail-after") === String(number)) throw failure(asked("fail"));
      yield part(number);
    }
  },
  async addParts(requests, context) {
    await obey(context);
    const summary = create(AddSummary);
    for await (const request of requests) {
      summary.added += 1;
      summary.last = request.name;
    }
    return summary;
  },
  async *echo(requests, context) {
    await obey(context);
    yield* requests;
  },
};

function option(name, values) {
  const at = options.indexOf(name);
  return at < 0 ? undefined : options.slice(at + 1, at + 1 + values);
}

const limit = option("--max-message", 1);
const handler = connectNodeAdapter({
  routes: (router) => router.service(Parts, implementation),
  acceptCompression: [compressionGzip, compressionBrotli],
  compressMinBytes: 64,
  ...(limit && { readMaxBytes: Number(limit[0]) }),
});

async function listen(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server.address().port;
}

function servers() {
  const files = option("--tls", 2);
  if (!files) return [http.createServer(handler), http2.createServer(handler)];
  const [cert, key] = files.map((file) => readFileSync(file));
  return [
    https.createServer({ cert, key }, handler),
    http2.createSecureServer({ cert, key, allowHTTP1: true }, handler),
  ];
}

const ports = await Promise.all(servers().map(listen));
console.log(`listening ${ports.join(" ")}`);
