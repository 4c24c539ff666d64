// An ESME of npm's `smpp`: node esme.js PORT MODE. It binds, submits what comes on standard input, {"submit": {...}}, and
// says what it is answered and what is delivered to it; {"unbind": true} ends it.
'use strict';

const smpp = require('smpp');
const readline = require('readline');

const [port, mode] = process.argv.slice(2);
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` });

function submit(fields) {
  const pdu = { ...fields };
  if (pdu.udh) {
    pdu.short_message = { udh: Buffer.from(pdu.udh), message: pdu.short_message };
    delete pdu.udh;
  }
  session.submit_sm(pdu, (answer) => say({ submitted: answer.command_status, id: answer.message_id || '' }));
}

session.on('connect', () => {
  session[mode]({ system_id: 'node', password: 'secret' }, (answer) => {
    say({ bound: answer.command_status, smsc: answer.system_id || '' });
  });
});
session.on('deliver_sm', (pdu) => {
  say({ deliver: { text: pdu.short_message.message.toString(), esm_class: pdu.esm_class, from: pdu.source_addr } });
  session.send(pdu.response());
});
session.on('error', (error) => say({ error: String(error) }));
session.on('close', () => process.exit(0));
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  if (command.submit) {
    submit(command.submit);
  } else {
    session.unbind((answer) => {
      say({ unbound: answer.command_status });
      session.close();
    });
  }
});
