// A component that is drawn again only when one of its properties is another object.
import { Component } from "../vendor/preact.js";
import { html } from "./html.js";

function isSame(one, other) {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
  );
}

export function memo(Inner) {
  return class Memo extends Component {
    shouldComponentUpdate(next) {
      return !isSame(this.props, next);
    }

    render(props) {
      return html`<${Inner} ...${props} />`;
    }
  };
}
