// What npm's `smpp` makes of texts and of octets. It answers a line for each line on standard input, both JSON, octets as
// hexadecimal digits: {"encode": ["text", ...], "by": "npm"} and {"decode": ["00", ...], "by": ...}.
'use strict';

const { encodings } = require('smpp');

const codings = { npm: encodings.ASCII, latin1: encodings.LATIN1, ucs2: encodings.UCS2 };
const work = {
  encode: (coding, text) => coding.encode(text).toString('hex'),
  decode: (coding, octets) => coding.decode(Buffer.from(octets, 'hex')),
};

function answer(line) {
  const { by, ...rest } = JSON.parse(line);
  const [[order, given]] = Object.entries(rest);
  const answers = given.map((each) => work[order](codings[by], each));
  process.stdout.write(JSON.stringify({ [order]: answers }) + '\n');
}

// Node's readline would also end a line at U+2028, which JSON does not escape.
let rest = '';
process.stdin.setEncoding('utf8').on('data', (piece) => {
  const lines = (rest + piece).split('\n');
  rest = lines.pop();
  lines.forEach(answer);
});
