extension Template {
    static let destinationsText = """
        {{<layout}}{{$content}}
        {{^destinations}}<p class="warning"><strong>No booking app.</strong> Nobody is told of changes. An operator adds one with
        <code>pmsync client add NAME --practice P --webhook URL</code>.</p>{{/destinations}}
        {{^empty(destinations)}}
        <table>
        <caption>Who is told of changes, and how</caption>
        <thead><tr><th scope="col">Booking app</th><th scope="col">Mode</th><th scope="col">Since, and why</th>
        <th scope="col" class="n">To deliver</th><th scope="col">Last delivered</th></tr></thead>
        <tbody>
        {{#destinations}}
        <tr><th scope="row">{{name}}<br><span class="soft">{{practice}}</span></th>
        <td data-label="Mode"><span class="tag {{tone}}">{{sign}} {{mode}}</span>{{#paused}}<br>
        <span class="tag care">‖ Paused: {{paused}}</span>{{/paused}}</td>
        <td data-label="Since, and why">{{since}}{{#reason}}<br><span class="soft">{{reason}}</span>{{/reason}}</td>
        <td class="n" data-label="To deliver">{{pending}}</td><td data-label="Last delivered">{{last}}</td></tr>
        {{/destinations}}
        </tbody>
        </table>
        <div class="acts">
        {{#destinations}}
        <form method="post" action="{{base}}/{{#paused}}let-go{{/paused}}{{^paused}}hold{{/paused}}" class="card">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        {{^paused}}<h3>Hold {{name}}</h3>
        <p>Its notices wait, in their order, until you let them go. Nothing is lost.</p>{{/paused}}
        {{#paused}}<h3>Let {{name}} go on</h3>
        <p>What waits is delivered, in its order.</p>{{/paused}}
        <p><label for="reason-{{id}}">Reason</label>
        <input id="reason-{{id}}" name="reason" maxlength="1000" required autocomplete="off"></p>
        <p><button class="quiet" type="submit">{{#paused}}Let it go on{{/paused}}{{^paused}}Hold it{{/paused}}</button></p>
        </form>
        {{/destinations}}
        </div>
        <p>An operator switches modes with <code>pmsync feed mode NAME live --practice P --reason TEXT</code>: changes from then
        on go by the new mode, those before it by the old one.</p>
        {{/empty(destinations)}}
        <h2>Parity</h2>
        {{^parities}}<p>No interface that is to be replaced is tapped, so there is nothing to compare a shadow with.</p>{{/parities}}
        {{^empty(parities)}}
        <table>
        <caption>What we would tell in shadow, against what the replaced interface tells. Parity is of all that is judged.</caption>
        <thead><tr><th scope="col">Booking app</th><th scope="col" class="n">Parity</th><th scope="col" class="n">Alike</th>
        <th scope="col" class="n">Differ</th><th scope="col" class="n">Only theirs</th><th scope="col" class="n">Only ours</th>
        <th scope="col" class="n">Too young</th><th scope="col">Fields that differ</th></tr></thead>
        <tbody>
        {{#parities}}
        <tr><th scope="row">{{name}}<br><span class="soft">{{practice}}, since {{since}}</span></th>
        <td class="n" data-label="Parity"><strong class="w">{{parity}}</strong></td><td class="n" data-label="Alike">{{same}}</td>
        <td class="n" data-label="Differ">{{differs}}</td><td class="n" data-label="Only theirs">{{onlyTheirs}}</td>
        <td class="n" data-label="Only ours">{{onlyOurs}}</td><td class="n" data-label="Too young">{{waiting}}</td>
        <td data-label="Fields that differ">{{fields}}</td></tr>
        {{/parities}}
        </tbody>
        </table>
        {{^empty(cases)}}
        <table>
        <caption>Each telling that differs, the newest first</caption>
        <thead><tr><th scope="col">When</th><th scope="col">Booking app</th><th scope="col">What</th><th scope="col">Fields</th></tr></thead>
        <tbody>
        {{#cases}}
        <tr><th scope="row">{{#link}}<a href="{{link}}">{{at.text}}</a>{{/link}}{{^link}}{{at.text}}{{/link}}</th>
        <td data-label="Booking app">{{name}}</td><td data-label="What">{{verdict}}</td><td data-label="Fields">{{differs}}</td></tr>
        {{/cases}}
        </tbody>
        </table>
        {{/empty(cases)}}
        {{/empty(parities)}}
        {{/content}}{{/layout}}
        """
}
