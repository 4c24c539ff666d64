// An ESME of npm's `smpp`: node esme.js PORT MODE [AUTHORITY], within TLS where that PEM file is named. It binds, says what
// it is answered and what is delivered to it as JSON, a line each, and does what it is told on standard input:
// {"send": {"text", "coding", "long"}} submits a text, whole or in its parts; {"submit": {...}} submits these fields;
// {"unbind": true} ends it.
'use strict';

const fs = require('fs');
const smpp = require('smpp');
const readline = require('readline');

const [port, mode, authority] = process.argv.slice(2);
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const tls = authority && { host: '127.0.0.1', port, tls: true, ca: fs.readFileSync(authority) };
const session = smpp.connect(tls || { url: `smpp://127.0.0.1:${port}` });
const PART = { 0: 153, 1: 134, 3: 134, 8: 67 };

// Each submit_sm that a text takes. What the library calls ASCII is the GSM alphabet: IA5 goes as octets.
function* submissions({ text, coding, long }) {
  const whole = { source_addr: '31022', destination_addr: '27831234567', registered_delivery: 1, data_coding: coding };
  const message = (part) => (coding === 1 ? Buffer.from(part, 'ascii') : part);
  if (long === 'payload') {
    yield { ...whole, message_payload: message(text) };
  } else if (long) {
    const total = Math.ceil(text.length / PART[coding]);
    for (let number = 1; number <= total; number += 1) {
      const part = message(text.slice((number - 1) * PART[coding], number * PART[coding]));
      const sar = { sar_msg_ref_num: 7, sar_total_segments: total, sar_segment_seqnum: number, short_message: part };
      const udh = { short_message: { udh: Buffer.from([5, 0, 3, 7, total, number]), message: part } };
      yield { ...whole, ...(long === 'sar' ? sar : udh) };
    }
  } else {
    yield { ...whole, short_message: message(text) };
  }
}

function submit(fields) {
  session.submit_sm(fields, (answer) => say({ submitted: answer.command_status, id: answer.message_id || '' }));
}

session.on(authority ? 'secureConnect' : 'connect', () => {
  session[mode]({ system_id: 'node', password: 'secret' }, (answer) => {
    say({ bound: answer.command_status, smsc: answer.system_id || '' });
  });
});
session.on('deliver_sm', (pdu) => {
  const { esm_class, receipted_message_id: receipted, message_state: state, source_addr: from } = pdu;
  const error = pdu.network_error_code && [...pdu.network_error_code];
  say({ deliver: pdu.short_message.message.toString(), esm_class, receipted, state, error, from });
  session.send(pdu.response());
});
session.on('enquire_link', (pdu) => session.send(pdu.response()));
session.on('unbind', (pdu) => {
  say({ unbound_by_peer: true });
  session.send(pdu.response());
  session.close();
});
session.on('error', (error) => say({ error: String(error) }));
session.on('close', () => process.exit(0));
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  if (command.send) {
    [...submissions(command.send)].forEach(submit);
  } else if (command.submit) {
    submit(command.submit);
  } else {
    session.unbind((answer) => {
      say({ unbound: answer.command_status });
      session.close();
    });
  }
});
