// An SMSC of npm's `smpp`: node smsc.js [CHAIN KEY], within TLS where these PEM files are named. It says what comes as JSON,
// a line each, and does what it is told on standard input: {"bring": {"from", "to", "text"}} brings whoever was bound last to
// receive a message, {"deliver": {...}} sends a deliver_sm with these fields, {"unbind": true} unbinds all sessions.
'use strict';

const fs = require('fs');
const smpp = require('smpp');
const readline = require('readline');

const [chain, key] = process.argv.slice(2);
const tls = chain && { cert: fs.readFileSync(chain), key: fs.readFileSync(key) };
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const bound = new Map();
let count = 0;

function deliver(fields) {
  const session = [...bound].filter(([, mode]) => mode !== 'bind_transmitter').pop()[0];
  const pdu = { ...fields };
  if (pdu.udh) {
    pdu.short_message = { udh: Buffer.from(pdu.udh), message: pdu.short_message };
    delete pdu.udh;
  }
  session.deliver_sm(pdu, (answer) => say({ delivered: answer.command_status }));
}

function unbind() {
  for (const [session, mode] of bound) {
    session.unbind((answer) => {
      say({ unbound: answer.command_status, mode });
      session.close();
    });
  }
}

function takeBind(session, mode) {
  session.on(mode, (pdu) => {
    say({ bind: mode, system_id: pdu.system_id, password: pdu.password });
    bound.set(session, mode);
    session.send(pdu.response({ system_id: 'node' }));
  });
}

// What a submit_sm says; a payload and a short message are read alike.
function read(pdu) {
  const { message, udh } = pdu.message_payload || pdu.short_message;
  return {
    text: message.toString(),
    udh: udh ? udh.map((element) => [...element]) : null,
    sar: pdu.sar_msg_ref_num === undefined ? null : [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
    is_payload: pdu.message_payload !== undefined,
    data_coding: pdu.data_coding,
    from: pdu.source_addr,
    to: pdu.destination_addr,
    ton: pdu.dest_addr_ton,
    npi: pdu.dest_addr_npi,
    receipts: pdu.registered_delivery,
  };
}

const server = smpp.createServer(tls || {}, (session) => {
  ['bind_transceiver', 'bind_transmitter', 'bind_receiver'].forEach((mode) => takeBind(session, mode));
  session.on('submit_sm', (pdu) => {
    count += 1;
    say({ submit: read(pdu) });
    session.send(pdu.response({ message_id: `n${count}` }));
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    say({ unbind: true });
    session.send(pdu.response());
  });
  session.on('close', () => bound.delete(session));
  session.on('error', () => {});
});

server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  if (command.unbind) {
    unbind();
  } else if (command.bring) {
    const { from, to, text } = command.bring;
    deliver({ source_addr: from, destination_addr: to, data_coding: 0, short_message: text });
  } else {
    deliver(command.deliver);
  }
});
