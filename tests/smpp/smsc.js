// An SMSC of npm's `smpp`. It says what comes as JSON, a line each, and does what it is told on standard input:
// {"deliver": {...}} sends a deliver_sm to whoever is bound to receive.
'use strict';

const smpp = require('smpp');
const readline = require('readline');

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const receivers = [];
let count = 0;

function deliver(fields) {
  const session = receivers[receivers.length - 1];
  const pdu = { ...fields };
  if (pdu.udh) {
    pdu.short_message = { udh: Buffer.from(pdu.udh), message: pdu.short_message };
    delete pdu.udh;
  }
  session.deliver_sm(pdu, (answer) => say({ delivered: answer.command_status }));
}

function takeBind(session, mode) {
  session.on(mode, (pdu) => {
    say({ bind: mode, system_id: pdu.system_id, password: pdu.password });
    if (mode !== 'bind_transmitter') {
      receivers.push(session);
    }
    session.send(pdu.response({ system_id: 'node' }));
  });
}

const server = smpp.createServer((session) => {
  ['bind_transceiver', 'bind_transmitter', 'bind_receiver'].forEach((mode) => takeBind(session, mode));
  session.on('submit_sm', (pdu) => {
    count += 1;
    const { message, udh } = pdu.short_message;
    say({
      submit: {
        text: message.toString(),
        udh: udh ? udh.map((element) => [...element]) : null,
        data_coding: pdu.data_coding,
        from: pdu.source_addr,
        to: pdu.destination_addr,
        ton: pdu.dest_addr_ton,
        npi: pdu.dest_addr_npi,
        receipts: pdu.registered_delivery,
      },
    });
    session.send(pdu.response({ message_id: `n${count}` }));
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    say({ unbind: true });
    session.send(pdu.response());
  });
  session.on('error', () => {});
});

server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
readline.createInterface({ input: process.stdin }).on('line', (line) => deliver(JSON.parse(line).deliver));
