// {{name}}: counts the messages of each person. No library: the runtime's own `api` is all there is.

var greet = require("./greet");

api.on_inbound_message = function (command) {
  var message = command.msg;
  api.request("kv.incr", { key: "count." + message.from_addr }, function (reply) {
    var answer = { content: greet(reply.value), in_reply_to: message.message_id, continue_session: reply.value < 3 };
    api.request("outbound.reply_to", answer, function () {
      api.done();
    });
  });
};
