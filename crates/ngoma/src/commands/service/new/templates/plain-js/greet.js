// What a person is told, by how often they came.

module.exports = function greet(count) {
  return count < 3 ? "Message " + count : "Goodbye";
};
