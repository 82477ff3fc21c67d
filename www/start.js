/**
 * Says what is wrong where the page's modules cannot even start: a file that did not come, or a browser that does not know modules. A
 * classic script in the language of old browsers, for those have to read it.
 */
(function () {
  "use strict";
  var NEEDED = "Dragoman needs Chrome or Edge 100, Firefox 114, Safari 16.4, or newer.";
  var started = false;

  /**
   * @param {string} title
   * @param {string} advice
   */
  function tell(title, advice) {
    var problem = document.getElementById("problem");
    var retry = document.getElementById("retry");
    var heading = document.getElementById("problem-title");
    var text = document.getElementById("problem-advice");
    var empty = document.getElementById("empty");
    if (started || !problem || !retry || !heading || !text) return;
    heading.textContent = title;
    text.textContent = advice;
    problem.hidden = false;
    if (empty) empty.hidden = true;
    retry.textContent = "Reload";
    retry.onclick = function () {
      var source = document.getElementById("source");
      try {
        // Where draft.js looks for it.
        if (source instanceof HTMLTextAreaElement && source.value) sessionStorage.setItem("dragoman.text", source.value);
      } catch (_) {
        // Blocked or full.
      }
      location.reload();
    };
  }

  addEventListener("dragoman-started", function () {
    started = true;
  });

  // Files that do not come are told to their element, and only while the event is on its way down.
  addEventListener(
    "error",
    function (event) {
      if (!(event.target instanceof HTMLScriptElement || event instanceof ErrorEvent)) return;
      tell(
        "The page could not be loaded completely.",
        "Connect to the network and reload it. If that does not help, the browser may be too old: " + NEEDED
      );
    },
    true
  );

  if (!("noModule" in document.createElement("script"))) {
    document.addEventListener("DOMContentLoaded", function () {
      tell("This browser is too old for the translator.", NEEDED);
    });
  }
})();
