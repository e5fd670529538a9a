// What a page does by itself. Without it every link and every form works all the same; pages are then reloaded by hand.
import { follow } from "./live.js";
import { takeForms } from "./forms.js";
import { tick } from "./clock.js";
import { keepInStep } from "./emit.js";
import { dress } from "./dress.js";

dress(document);
keepInStep();
takeForms(() => { dress(document); keepInStep(); tick(); });
tick();
follow(tick);
