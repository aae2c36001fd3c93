// SPDX-License-Identifier: Apache-2.0
// Cedar itself, as npm has it in MODULES, and how it writes a string.
import { createRequire } from "node:module";

export const cedarOf = (modules) => createRequire(import.meta.url)(`${modules}/@cedar-policy/cedar-wasm/nodejs/cedar_wasm.js`);
export const quote = (s) => JSON.stringify(s).replace(/\\u([0-9a-f]{4})/g, "\\u{$1}");
