var assert = require("assert");
var greet = require("../greet");

describe("what a person is told", function () {
  it("counts, and says goodbye at the third message", function () {
    assert.equal(greet(1), "Message 1");
    assert.equal(greet(3), "Goodbye");
  });
});
