/** Counts each person's messages and tells them, on the bare `api`: one read, one write, one reply. */

api.on_inbound_message = function (command) {
  const message = command.msg;
  const key = "count." + message.from_addr;
  api.request("kv.get", { key }, function (stored) {
    const count = (stored.value || 0) + 1;
    api.request("kv.set", { key, value: count, seconds: null }, function () {
      const reply = { in_reply_to: message.message_id, content: "Message " + count, continue_session: true };
      api.request("outbound.reply_to", reply, function () {
        api.done();
      });
    });
  });
};
