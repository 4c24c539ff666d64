// A registration on npm's vumigo_v02, to be run by a process of its own per message and by Ngoma.
var vumigo = require("vumigo_v02");
var App = vumigo.App;
var ChoiceState = vumigo.states.ChoiceState;
var Choice = vumigo.states.Choice;
var FreeText = vumigo.states.FreeText;
var EndState = vumigo.states.EndState;
var InteractionMachine = vumigo.InteractionMachine;

var Registration = App.extend(function (self) {
  App.call(self, "clinic");
  var $ = self.$;

  self.states.add("clinic", function (name) {
    return new ChoiceState(name, {
      question: $("Welcome. Which clinic do you visit?"),
      choices: [new Choice("a", $("Tzaneen")), new Choice("b", $("Letaba")), new Choice("c", $("Modjadji"))],
      next: "name",
    });
  });
  self.states.add("name", function (name) {
    return new FreeText(name, { question: $("What is your name?"), next: "done" });
  });
  self.states.add("done", function (name) {
    return new EndState(name, { text: $("Thank you. You are registered."), next: "clinic" });
  });
});

new InteractionMachine(api, new Registration());
